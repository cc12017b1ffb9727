// What a range comes to, beside the one before.

import type { ComponentChildren, JSX } from "preact";
import { address } from "../../api/client.ts";
import type { AnalyticsComparison, ConversationAnalytics, ConversionAnalytics, MessageAnalytics, Money } from "../../api/schema.ts";
import { change as inPercent, duration, number, percent } from "../../format.ts";
import { t } from "../../i18n.ts";
import { usePolled } from "../../state/poll.ts";
import { language } from "../../state/preferences.ts";
import { written } from "./money.ts";
import { type Question, SELDOM_MS, rangeIn } from "./question.ts";

interface Props {
  question: Question;
  messages: MessageAnalytics;
  conversations: ConversationAnalytics;
  conversions: ConversionAnalytics;
}

export function Headline({ question, messages, conversations, conversions }: Props): JSX.Element {
  const { previous } = messages;
  const share = (of: number | null | undefined, text: "analytics.ofSent" | "analytics.ofDelivered" | "analytics.ofTried"): string | false => of != null && t(text, { share: percent(of) });
  return (
    <>
      <dl class="figures headline">
        <Tile label={t("analytics.sent")} value={number(messages.sent)} change={told(previous, "sent")} />
        <Tile label={t("analytics.received")} value={number(messages.received)} change={told(previous, "received")} />
        <Tile label={t("analytics.delivered")} value={number(messages.delivered)} note={share(messages.deliveryRate, "analytics.ofSent")} change={told(previous, "delivered")} good="more" />
        <Tile label={t("analytics.read")} value={number(messages.read)} note={share(messages.readRate, "analytics.ofDelivered")} change={told(previous, "read")} good="more" />
        <Tile label={t("overview.failed")} value={number(messages.failed)} note={share(messages.failureRate, "analytics.ofTried")} change={told(previous, "failed")} good="less" />
        <Tile label={t("analytics.conversations")} value={number(conversations.started)} change={told(conversations.previous, "started")} />
        <Tile
          label={t("analytics.firstResponse")}
          value={duration(conversations.firstResponse.meanMs)}
          note={t("analytics.onAverage")}
          change={told(conversations.previous, "firstResponseMeanMs", duration)}
          good="less"
        />
        <Tile label={t("analytics.conversions")} value={number(count(conversions))} change={told(conversions.previous, "conversions")} good="more" />
        <Revenue question={question} conversions={conversions} />
      </dl>
      <p class="note compared">
        {t("analytics.compared", { range: rangeIn(question.zone, messages.from, messages.to), before: rangeIn(question.zone, previous.from, previous.to) })}
      </p>
    </>
  );
}

function count({ kinds }: ConversionAnalytics): number {
  return kinds.reduce((sum, kind) => sum + kind.count, 0);
}

/** What sales are worth, a figure for each currency. */
function Revenue({ question, conversions }: Pick<Props, "question" | "conversions">): JSX.Element {
  const { from, to } = conversions.previous;
  const before = usePolled<ConversionAnalytics>(address("/api/analytics/conversions", { ...question.query, from, to }), SELDOM_MS);
  return (
    <>
      {conversions.revenue.map((money) => {
        const earlier = before.data?.revenue.find(({ currency }) => currency === money.currency);
        return <Tile key={money.currency} label={t("analytics.revenue")} value={inWords(money)} change={earlier && since(earlier, money)} good="more" />;
      })}
    </>
  );
}

export function inWords({ amount, currency }: Money): string {
  return written(amount, currency, language.value);
}

interface Change {
  /** As a share of what there was. */
  share: number | null;
  before: string;
}

function since(before: Money, now: Money): Change | undefined {
  return before.units === 0 ? undefined : { share: (now.units - before.units) / before.units, before: inWords(before) };
}

function told({ change, figures }: AnalyticsComparison, name: string, write: (figure: number) => string = number): Change | undefined {
  const before = figures[name];
  return !before ? undefined : { share: change[name] ?? null, before: write(before) };
}

interface TileProps {
  label: string;
  value: string;
  note?: ComponentChildren;
  change: Change | undefined;
  /** What is better; nothing where neither is. */
  good?: "more" | "less";
}

function Tile({ label, value, note, change, good }: TileProps): JSX.Element {
  return (
    <div class="figure">
      <dt>{label}</dt>
      <dd>
        <strong>{value}</strong>
        {note && <span class="note">{note}</span>}
        <span class="note change">
          {change ? (
            <>
              {change.share !== null && <b class={toneOf(change.share, good)}>{inPercent(change.share)}</b>} {t("analytics.before", { value: change.before })}
            </>
          ) : (
            t("analytics.noBefore")
          )}
        </span>
      </dd>
    </div>
  );
}

function toneOf(share: number, good: "more" | "less" | undefined): string {
  if (!good || share === 0) return "";
  return share > 0 === (good === "more") ? "better" : "worse";
}
