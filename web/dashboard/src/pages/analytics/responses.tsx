// How conversations went, and how fast people were answered.

import type { JSX } from "preact";
import type { ConversationAnalytics } from "../../api/schema.ts";
import { number, percent } from "../../format.ts";
import { t } from "../../i18n.ts";
import { Pairs } from "../../ui/basics.tsx";
import { DurationPanel } from "./durations.tsx";

export function Responses({ conversations }: { conversations: ConversationAnalytics }): JSX.Element {
  const { firstResponse, response, duration } = conversations;
  return (
    <DurationPanel
      title={t("analytics.talks")}
      rows={[
        [t("analytics.firstResponse"), firstResponse],
        [t("analytics.eachResponse"), response],
        [t("analytics.talkLength"), duration],
      ]}
    >
      <Pairs
        of={[
          [t("analytics.started"), number(conversations.started)],
          [t("analytics.ended"), number(conversations.ended)],
          [t("analytics.open"), number(conversations.active)],
          [t("analytics.messagesEach"), number(conversations.messagesEach, 1)],
          [t("analytics.handoffs"), number(conversations.handoffs)],
          [t("analytics.handoffRate"), percent(conversations.handoffRate)],
        ]}
      />
    </DurationPanel>
  );
}
