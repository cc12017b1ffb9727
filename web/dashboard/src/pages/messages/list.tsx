// Messages that go out and come in: by state, sender and phone, and what can be done about them.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address } from "../../api/client.ts";
import type { Message, Page_Destination, Page_Message } from "../../api/schema.ts";
import { ago, moment } from "../../format.ts";
import { type Text, t, word } from "../../i18n.ts";
import { usePolled, useTried } from "../../state/poll.ts";
import { narrow, parameter } from "../../state/route.ts";
import { may } from "../../state/session.ts";
import { isOfAll, useTenant } from "../../state/tenant.ts";
import { Answered } from "../../ui/answered.tsx";
import { Badge, Empty, Heading, Link, Panel } from "../../ui/basics.tsx";
import { Choice, PrivateSearch } from "../../ui/filters.tsx";
import { Pages, Table, usePageSize } from "../../ui/table.tsx";
import { TenantChoice } from "../../ui/tenant_choice.tsx";
import { RECIPIENT_TONES } from "../campaigns/figures.ts";
import { JobDrawer } from "../job.tsx";
import { reasonInWords } from "../reason.ts";
import { Retry } from "../retry.tsx";
import { isMessenger } from "../senders.ts";
import { Inbound } from "./inbound.tsx";
import { MessageDrawer } from "./one.tsx";
import { SendButton } from "./send.tsx";
import { MessageStanding } from "./standing.tsx";
import { Unknown } from "./unknown.tsx";

const STATES = ["queued", "sent", "delivered", "read", "failed", "unknown", "expired", "cancelled"];
const TABS: [string, string, Text][] = [
  ["", "/messages", "messages.out"],
  ["unknown", "/messages/unknown", "messages.unknown"],
  ["inbound", "/messages/inbound", "messages.in"],
];

export function Messages({ tab }: { tab: string }): JSX.Element {
  const whose = useTenant({ mayAll: true });
  const choice = <TenantChoice whose={whose} />;
  const alone = whose.isChoice ? <div class="filters">{choice}</div> : <></>;
  return (
    <>
      <Heading title={t("nav.messages")} note={t("messages.note")}>
        {may("send") && <SendButton />}
      </Heading>
      <nav class="tabs" aria-label={t("nav.messages")}>
        {TABS.map(([name, to, text]) => (
          <Link key={name} to={to} current={tab === name}>
            {t(text)}
          </Link>
        ))}
      </nav>
      {tab === "" && <Outgoing whose={choice} tenant={whose.tenant} />}
      {tab === "unknown" && <Unknown whose={alone} tenant={whose.tenant} />}
      {tab === "inbound" && <Inbound whose={alone} tenant={whose.tenant} />}
      {parameter("message") && <MessageDrawer id={parameter("message")} onClose={() => narrow({ message: "" })} />}
      {parameter("job") && <JobDrawer id={parameter("job")} onClose={() => narrow({ job: "" })} />}
    </>
  );
}

function Outgoing({ whose, tenant }: { whose: JSX.Element; tenant: string }): JSX.Element {
  const filters = ["status", "sender", "campaignId", "answered", "cursor"];
  const query = Object.fromEntries(filters.map((name) => [name, parameter(name)]));
  const [to, setTo] = useState("");
  const limit = usePageSize();
  // Numbers are looked for within one tenant.
  const isOpen = isOfAll() && !tenant;
  const { shown: messages, refusal } = useTried<Page_Message>("to", isOpen ? "" : to, (to) => address("/api/whatsapp/messages", { ...query, to, tenant, limit }));
  const wrong = isOpen ? t("messages.phoneOfOne") : refusal && t("messages.phoneHalf");
  const [asked, ask] = useState(false);
  const { campaignId, sender, status, answered } = query;
  // Dead letters know neither, and what is tried again shall be what is seen.
  const isTooNarrow = to !== "" || answered !== "";
  const which = { ...(campaignId && { campaignId }), ...(sender && { sender }) };
  return (
    <>
      <MessageStanding tenant={tenant} />
      <Panel
        title={t("messages.out")}
        side={
          may("manage") &&
          status === "failed" && (
            <>
              {isTooNarrow && <span class="note">{t("messages.retryNarrow")}</span>}
              <button type="button" class="small" disabled={isTooNarrow} onClick={() => ask(true)}>
                {t("messages.retryAll")}
              </button>
            </>
          )
        }
      >
        <div class="filters" role="search">
          {whose}
          <Choice name="status" label={t("job.state")} options={STATES.map((name) => [name, word("messageState", name)])} />
          <SenderChoice />
          <PrivateSearch name="to" label={t("messages.phone")} value={to} set={setTo} wrong={to ? wrong : undefined} />
          <Choice name="answered" label={t("messageState.answered")} options={[["true", t("word.yes")], ["false", t("word.no")]]} />
        </div>
        {campaignId && (
          <p class="notice">
            {t("messages.ofCampaign")} <Link to={`/campaigns/${encodeURIComponent(campaignId)}`}>{campaignId}</Link>{" "}
            <button type="button" class="link" onClick={() => narrow({ campaignId: "", cursor: "" })}>
              {t("messages.all")}
            </button>
          </p>
        )}
        <Answered of={messages} rows={8}>
          {({ items, nextCursor }) => (
            <>
              <List messages={items} />
              <Pages next={nextCursor} sizes />
            </>
          )}
        </Answered>
      </Panel>
      {asked && <Retry path={address("/api/whatsapp/dlq/retry", { tenant })} title={t("messages.retryAll")} body={which} onClose={() => ask(false)} onDone={() => ask(false)} />}
    </>
  );
}

function SenderChoice(): JSX.Element {
  const destinations = usePolled<Page_Destination>("/api/destinations", 60_000);
  const names = destinations.data?.items.filter(isMessenger).map(({ name }) => name) ?? [];
  return <Choice name="sender" label={t("campaign.sender")} options={[...new Set(names)].sort().map((name) => [name, name])} />;
}

function List({ messages }: { messages: Message[] }): JSX.Element {
  return (
    <Table
      label={t("messages.out")}
      items={messages}
      keyOf={(message) => message.id}
      empty={<Empty title={t("messages.none")} note={t("messages.noneNote")} />}
      columns={[
        { head: t("messages.to"), cell: (message) => <OpenMessage message={message} /> },
        { head: t("job.state"), cell: (message) => <MessageState message={message} /> },
        {
          head: t("campaign.sender"),
          cell: (message) => (
            <>
              {message.sender}
              {isOfAll() && <small class="under">{message.tenant}</small>}
            </>
          ),
        },
        { head: t("messages.kind"), cell: (message) => word("messageKind", message.type) },
        { head: t("job.created"), number: true, cell: (message) => <time title={moment(message.createdAt)}>{ago(message.createdAt)}</time> },
        { head: t("job.error"), cell: (message) => message.error && <span class="cut">{reasonInWords(message.error)}</span> },
      ]}
    />
  );
}

export function OpenMessage({ message }: { message: Message }): JSX.Element {
  return (
    <button type="button" class="link num" onClick={() => narrow({ message: message.id }, true)}>
      {message.to}
    </button>
  );
}

export function MessageState({ message }: { message: Message }): JSX.Element {
  return (
    <span class="badges">
      <Badge tone={RECIPIENT_TONES[message.status] ?? "plain"}>{word("messageState", message.status)}</Badge>
      {message.answeredAt && <Badge tone="good">{t("messageState.answered")}</Badge>}
    </span>
  );
}
