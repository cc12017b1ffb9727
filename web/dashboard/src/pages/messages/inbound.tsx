// Messages that people wrote.

import type { JSX } from "preact";
import { address } from "../../api/client.ts";
import type { Page_InboundMessage } from "../../api/schema.ts";
import { ago, moment } from "../../format.ts";
import { t, word } from "../../i18n.ts";
import { usePolled } from "../../state/poll.ts";
import { narrow, parameter } from "../../state/route.ts";
import { Answered } from "../../ui/answered.tsx";
import { Badge, Empty, Panel } from "../../ui/basics.tsx";
import { Pages, Table, usePageSize } from "../../ui/table.tsx";

export function Inbound({ whose, tenant }: { whose: JSX.Element; tenant: string }): JSX.Element {
  const found = usePolled<Page_InboundMessage>(address("/api/whatsapp/inbound", { tenant, cursor: parameter("cursor"), limit: usePageSize() }));
  return (
    <Panel title={t("messages.in")}>
      {whose}
      <Answered of={found} rows={8}>
        {({ items, nextCursor }) => (
          <>
            <Table
              label={t("messages.in")}
              items={items}
              keyOf={(message) => message.id}
              empty={<Empty title={t("messages.noneIn")} note={t("messages.noneInNote")} />}
              columns={[
                { head: t("messages.from"), cell: (message) => <span class="num">{message.from}</span> },
                {
                  head: t("messages.says"),
                  cell: (message) => (
                    <>
                      <span class="cut">{message.text ?? word("messageKind", message.type)}</span>
                      {message.opt && <Badge tone={message.opt === "out" ? "warn" : "good"}>{word("opt", message.opt)}</Badge>}
                    </>
                  ),
                },
                { head: t("messages.account"), cell: (message) => message.sender },
                { head: t("messages.at"), number: true, cell: (message) => <time title={moment(message.at)}>{ago(message.at)}</time> },
                {
                  head: t("messages.answers"),
                  cell: (message) =>
                    message.answers && (
                      <button type="button" class="link" onClick={() => narrow({ message: message.answers! }, true)}>
                        {t("messages.show")}
                      </button>
                    ),
                },
              ]}
            />
            <Pages next={nextCursor} sizes />
          </>
        )}
      </Answered>
    </Panel>
  );
}
