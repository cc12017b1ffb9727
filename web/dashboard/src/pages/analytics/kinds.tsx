// What messages and conversations were: by kind, by channel, by error, by who ended them.

import type { JSX } from "preact";
import type { ConversationAnalytics, MessageAnalytics, NamedCount } from "../../api/schema.ts";
import { t, word } from "../../i18n.ts";
import { Bars } from "../../ui/bars.tsx";
import { Panel } from "../../ui/basics.tsx";
import { SaveCsv } from "../../ui/save.tsx";

/** Further names are in the file. */
const MAX_SHOWN = 10;

interface Props {
  messages: MessageAnalytics;
  conversations: ConversationAnalytics;
}

export function Kinds({ messages, conversations }: Props): JSX.Element {
  const kind = (name: string): string => word("messageKind", name);
  return (
    <div class="columns kinds">
      <Counts title={t("analytics.sentByType")} items={messages.sentByType} name={kind} />
      <Counts title={t("analytics.receivedByType")} items={messages.receivedByType} name={kind} />
      <Counts title={t("analytics.sentByChannel")} items={messages.sentByChannel} />
      <Counts title={t("analytics.receivedByChannel")} items={messages.receivedByChannel} />
      <Counts title={t("analytics.errors")} items={messages.errors} tone="bad" />
      <Counts title={t("analytics.endedBy")} items={conversations.endedBy} name={(name) => word("endedBy", name)} />
    </div>
  );
}

interface CountsProps {
  title: string;
  items: NamedCount[];
  name?: (name: string) => string;
  tone?: string;
}

/** Nothing where there is nothing to count. */
export function Counts({ title, items, name = (own) => own, tone = "" }: CountsProps): JSX.Element | null {
  if (items.length === 0) return null;
  const sorted = [...items].sort((a, b) => b.count - a.count);
  return (
    <Panel title={title} side={<SaveCsv title={title} head={["name", "count"]} rows={sorted.map((one) => [one.name, one.count])} />}>
      <Bars items={sorted.slice(0, MAX_SHOWN).map((one) => [name(one.name), one.count])} tone={tone} />
      {sorted.length > MAX_SHOWN && <p class="note">{t("campaign.andMore", { n: sorted.length - MAX_SHOWN })}</p>}
    </Panel>
  );
}
