// Messages of which nobody knows whether they arrived: a person looks, and says.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address, call } from "../../api/client.ts";
import type { Message, Page_Message } from "../../api/schema.ts";
import { inWords } from "../../api/words.ts";
import { ago, moment } from "../../format.ts";
import { counted, t } from "../../i18n.ts";
import { usePolled } from "../../state/poll.ts";
import { parameter } from "../../state/route.ts";
import { may } from "../../state/session.ts";
import { Answered } from "../../ui/answered.tsx";
import { Empty, Panel } from "../../ui/basics.tsx";
import { Ask } from "../../ui/dialog.tsx";
import { Pages, Table, usePageSize } from "../../ui/table.tsx";
import { done, say } from "../../ui/toasts.tsx";
import { reasonInWords } from "../reason.ts";
import { OpenMessage } from "./list.tsx";

const OUTCOMES = ["delivered", "dead"] as const;
type Outcome = (typeof OUTCOMES)[number];

export function Unknown({ whose, tenant }: { whose: JSX.Element; tenant: string }): JSX.Element {
  const query = { status: "unknown", tenant, cursor: parameter("cursor"), limit: usePageSize() };
  const found = usePolled<Page_Message>(address("/api/whatsapp/messages", query));
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const [asked, ask] = useState<{ outcome: Outcome; ids: string[] } | null>(null);
  return (
    <Panel title={t("messages.unknown")}>
      <p class="explain">{t("messages.unknownNote")}</p>
      {whose}
      <Answered of={found} rows={6}>
        {({ items, nextCursor }) => {
          const shown = items.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
          return (
            <>
              {may("manage") && items.length > 0 && (
                <div class="buttons start">
                  <label class="inline">
                    <input
                      type="checkbox"
                      checked={shown.length === items.length}
                      onChange={(event) => choose(new Set(event.currentTarget.checked ? items.map(({ id }) => id) : []))}
                    />{" "}
                    {t("messages.chooseAll")}
                  </label>
                  {shown.length > 0 &&
                    OUTCOMES.map((outcome) => (
                      <button key={outcome} type="button" onClick={() => ask({ outcome, ids: shown })}>
                        {counted(`messages.settle.${outcome}`, shown.length)}
                      </button>
                    ))}
                </div>
              )}
              <List messages={items} chosen={chosen} choose={choose} ask={(outcome, id) => ask({ outcome, ids: [id] })} />
              <Pages next={nextCursor} sizes />
            </>
          );
        }}
      </Answered>
      {asked && (
        <Settle
          {...asked}
          onClose={() => ask(null)}
          onDone={() => {
            ask(null);
            choose(new Set());
          }}
        />
      )}
    </Panel>
  );
}

interface ListProps {
  messages: Message[];
  chosen: ReadonlySet<string>;
  choose(ids: ReadonlySet<string>): void;
  ask(outcome: Outcome, id: string): void;
}

function List({ messages, chosen, choose, ask }: ListProps): JSX.Element {
  const toggle = (id: string, on: boolean): void => choose(new Set(on ? [...chosen, id] : [...chosen].filter((one) => one !== id)));
  const box = (message: Message): JSX.Element => (
    <input
      type="checkbox"
      aria-label={t("dead.chooseOne", { id: message.to })}
      checked={chosen.has(message.id)}
      onChange={(event) => toggle(message.id, event.currentTarget.checked)}
    />
  );
  return (
    <Table
      label={t("messages.unknown")}
      items={messages}
      keyOf={(message) => message.id}
      empty={<Empty title={t("messages.noneUnknown")} note={t("messages.noneUnknownNote")} />}
      columns={[
        ...(may("manage") ? [{ head: t("dead.choose"), cell: box }] : []),
        { head: t("messages.to"), cell: (message) => <OpenMessage message={message} /> },
        { head: t("campaign.sender"), cell: (message) => message.sender },
        { head: t("messages.left"), number: true, cell: (message) => <Left message={message} /> },
        { head: t("campaign.why"), cell: (message) => <Why message={message} /> },
        {
          head: "",
          cell: (message) =>
            may("manage") && (
              <span class="buttons tight">
                {OUTCOMES.map((outcome) => (
                  <button key={outcome} type="button" class="small" onClick={() => ask(outcome, message.id)}>
                    {t(`messages.it.${outcome}`)}
                  </button>
                ))}
              </span>
            ),
        },
      ]}
    />
  );
}

function Why({ message }: { message: Message }): JSX.Element | null {
  const error = message.error ?? message.attempts.at(-1)?.error;
  return error ? <span class="cut">{reasonInWords(error)}</span> : null;
}

function Left({ message }: { message: Message }): JSX.Element {
  const at = message.attempts.at(-1)?.startedAt ?? message.createdAt;
  return <time title={moment(at)}>{ago(at)}</time>;
}

interface SettleProps {
  outcome: Outcome;
  ids: string[];
  onClose(): void;
  onDone(): void;
}

/** So many are settled at a time. */
const AT_ONCE = 4;

/** Asks once, then settles a few at a time; those that somebody else has settled meanwhile are told. */
function Settle({ outcome, ids, onClose, onDone }: SettleProps): JSX.Element {
  const [settled, count] = useState<number | null>(null);
  const run = async (): Promise<void> => {
    const refusals: unknown[] = [];
    const left = [...ids];
    const settleOnes = async (): Promise<void> => {
      for (let id = left.pop(); id !== undefined; id = left.pop()) {
        try {
          await call(`/api/jobs/${encodeURIComponent(id)}/resolve`, { method: "POST", body: { outcome } });
        } catch (error) {
          refusals.push(error);
        }
        count((before) => (before ?? 0) + 1);
      }
    };
    count(0);
    await Promise.all(Array.from({ length: AT_ONCE }, settleOnes));
    count(null);
    if (refusals.length === ids.length) throw refusals[0];
    await done(counted("messages.settled", ids.length - refusals.length), async () => undefined);
    if (refusals.length > 0) say(`${counted("messages.notSettled", refusals.length)} ${inWords(refusals[0])}`, { bad: true });
    onDone();
  };
  return (
    <Ask title={counted(`messages.settle.${outcome}`, ids.length)} confirm={t("messages.settleConfirm")} onClose={onClose} run={run}>
      <p>{t(`messages.settleNote.${outcome}`)}</p>
      {settled !== null && ids.length > 1 && <progress aria-label={t("messages.settling")} value={settled} max={ids.length} />}
    </Ask>
  );
}
