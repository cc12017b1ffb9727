// How many messages went and came, how fast they were answered, who converted, what campaigns earned,
// and what to expect.

import type { JSX } from "preact";
import { address } from "../../api/client.ts";
import type { ConversationAnalytics, ConversionAnalytics, MessageAnalytics } from "../../api/schema.ts";
import { t } from "../../i18n.ts";
import { useMinute } from "../../state/now.ts";
import { usePolled } from "../../state/poll.ts";
import { narrow, parameter } from "../../state/route.ts";
import { useTenant } from "../../state/tenant.ts";
import { Answered } from "../../ui/answered.tsx";
import { Empty, Heading } from "../../ui/basics.tsx";
import { isZone, ownZone } from "../../zoned.ts";
import "../../styles/analytics.css";
import { CampaignDrawer } from "./campaign.tsx";
import { Campaigns } from "./campaigns.tsx";
import { Choices } from "./choices.tsx";
import { Delivery } from "./delivery.tsx";
import { Funnel } from "./funnel.tsx";
import { Headline } from "./headline.tsx";
import { Kinds } from "./kinds.tsx";
import { Outlook } from "./outlook.tsx";
import { periodOf, questionOf, rangeOf } from "./period.ts";
import { EVERY_MS, type Question } from "./question.ts";
import { ReportMenu } from "./report.tsx";
import { Responses } from "./responses.tsx";
import { Rhythm } from "./rhythm.tsx";
import { Volume } from "./volume.tsx";

export function Analytics(): JSX.Element {
  const whose = useTenant();
  const now = useMinute();
  const asked = parameter("zone");
  const zone = isZone(asked) ? asked : ownZone();
  const range = rangeOf(periodOf(parameter("period")), [parameter("from"), parameter("to")], zone, now);
  const isRange = typeof range !== "string";
  const question = isRange ? { range, zone, now, tenant: whose.tenant, query: questionOf(range, zone, whose.tenant) } : null;
  return (
    <>
      <Heading title={t("nav.analytics")} note={t("analytics.note")}>
        {question && !whose.isOpen && <ReportMenu question={question} />}
      </Heading>
      <Choices whose={whose} zone={zone} range={isRange ? range : null} now={now} />
      {whose.isOpen ? (
        <Empty title={t("tenant.choose")} note={t("analytics.noTenantNote")} />
      ) : (
        <>
          {question ? <Figures question={question} /> : <Empty title={t(`analytics.fault.${range as Exclude<typeof range, object>}`)} />}
          <Outlook zone={zone} tenant={whose.tenant} now={now} />
        </>
      )}
      {question && parameter("campaign") && <CampaignDrawer id={parameter("campaign")} question={question} onClose={() => narrow({ campaign: "" })} />}
    </>
  );
}

function Figures({ question }: { question: Question }): JSX.Element {
  const { query } = question;
  const messages = usePolled<MessageAnalytics>(address("/api/analytics/messages", query), EVERY_MS);
  const conversations = usePolled<ConversationAnalytics>(address("/api/analytics/conversations", query), EVERY_MS);
  const conversions = usePolled<ConversionAnalytics>(address("/api/analytics/conversions", query), EVERY_MS);
  return (
    <Answered of={messages} rows={6}>
      {(counted) => (
        <Answered of={conversations} rows={6}>
          {(talks) => (
            <Answered of={conversions} rows={6}>
              {(people) =>
                isNothing(counted, talks, people) ? (
                  <Empty title={t("analytics.none")} note={t("analytics.noneNote")} />
                ) : (
                  <Parts question={question} messages={counted} conversations={talks} conversions={people} />
                )
              }
            </Answered>
          )}
        </Answered>
      )}
    </Answered>
  );
}

interface PartsProps {
  question: Question;
  messages: MessageAnalytics;
  conversations: ConversationAnalytics;
  conversions: ConversionAnalytics;
}

function Parts({ question, messages, conversations, conversions }: PartsProps): JSX.Element {
  return (
    <>
      <Headline question={question} messages={messages} conversations={conversations} conversions={conversions} />
      <Volume question={question} conversions={conversions} />
      <Rhythm messages={messages} />
      <Responses conversations={conversations} />
      <Funnel conversions={conversions} />
      <Campaigns question={question} conversions={conversions} />
      <Delivery question={question} />
      <Kinds messages={messages} conversations={conversations} />
    </>
  );
}

/** Whether nothing at all was counted, neither in the range nor in the one before. */
function isNothing(messages: MessageAnalytics, talks: ConversationAnalytics, people: ConversionAnalytics): boolean {
  const own = [messages.sent, messages.received, messages.failed, talks.started, talks.active, ...people.kinds.map(({ count }) => count)];
  const before = [messages, talks, people].flatMap(({ previous }) => Object.values(previous.figures));
  return [...own, ...before].every((figure) => !figure);
}
