// How much there was, step by step.

import type { JSX } from "preact";
import { address } from "../../api/client.ts";
import type { AnalyticsSeries, ConversionAnalytics } from "../../api/schema.ts";
import { type Text, t } from "../../i18n.ts";
import { useAllPolled } from "../../state/poll.ts";
import { language } from "../../state/preferences.ts";
import { narrow, parameter } from "../../state/route.ts";
import { Answered } from "../../ui/answered.tsx";
import { Field, Panel } from "../../ui/basics.tsx";
import { Chart, type Series } from "../../ui/chart.tsx";
import { Choice } from "../../ui/filters.tsx";
import { amountOf, placesOf, written } from "./money.ts";
import { type Interval, intervalOf, intervalsOf } from "./period.ts";
import { EVERY_MS, type Question } from "./question.ts";

type Line = [metric: string, label: Text, colour: Series["colour"]];

const SHOWN: Record<string, Line[]> = {
  messages: [
    ["messagesSent", "analytics.sent", "accent"],
    ["messagesReceived", "analytics.received", "second"],
    ["messagesDelivered", "analytics.delivered", "good"],
    ["messagesRead", "analytics.read", "warn"],
    ["messagesFailed", "overview.failed", "bad"],
  ],
  conversations: [
    ["conversationsStarted", "analytics.started", "accent"],
    ["conversationsEnded", "analytics.ended", "second"],
    ["handoffs", "analytics.handoffs", "warn"],
  ],
  conversions: [
    ["leads", "conversion.lead", "accent"],
    ["qualifiedLeads", "conversion.qualified_lead", "second"],
    ["appointments", "conversion.appointment", "warn"],
    ["sales", "conversion.sale", "good"],
  ],
  money: [
    ["revenue", "analytics.revenue", "good"],
    ["cost", "analytics.cost", "bad"],
  ],
};

interface Props {
  question: Question;
  conversions: ConversionAnalytics;
}

export function Volume({ question, conversions }: Props): JSX.Element {
  const interval = intervalOf(parameter("interval"), question.range, question.now);
  const places = placesByCurrency(conversions);
  const names = ["conversations", "conversions", ...(places.size > 0 ? ["money"] : [])];
  const shown = names.find((name) => name === parameter("show")) ?? "messages";
  const currency = places.has(parameter("currency")) ? parameter("currency") : [...places.keys()][0]!;
  return (
    <Panel title={t("analytics.volume")}>
      <div class="filters">
        <Choice name="show" label={t("analytics.shown")} any={t("nav.messages")} options={names.map((name) => [name, t(`analytics.show.${name}` as Text)])} />
        <IntervalChoice question={question} interval={interval} />
        {shown === "money" && places.size > 1 && (
          <Choice name="currency" label={t("campaign.currency")} any={null} options={[...places.keys()].map((name) => [name, name])} />
        )}
      </div>
      <Lines key={shown} shown={shown} question={question} interval={interval} {...(shown === "money" && { money: { currency, places: places.get(currency)! } })} />
    </Panel>
  );
}

/** The currencies that there are, and how many places an amount of each has. */
function placesByCurrency({ revenue, kinds }: ConversionAnalytics): Map<string, number> {
  const all = [...revenue, ...kinds.flatMap(({ value }) => value)];
  return new Map(all.map(({ currency, amount }) => [currency, placesOf(amount)]));
}

function IntervalChoice({ question, interval }: { question: Question; interval: Interval }): JSX.Element {
  return (
    <Field label={t("analytics.step")}>
      <select name="interval" value={interval} onChange={(event) => narrow({ interval: event.currentTarget.value })}>
        {intervalsOf(question.range, question.now).map((name) => (
          <option key={name} value={name}>
            {t(`analytics.interval.${name}`)}
          </option>
        ))}
      </select>
    </Field>
  );
}

interface LinesProps {
  shown: string;
  question: Question;
  interval: Interval;
  money?: { currency: string; places: number };
}

function Lines({ shown, question, interval, money }: LinesProps): JSX.Element {
  const lines = SHOWN[shown]!;
  const paths = lines.map(([metric]) => address("/api/analytics/timeseries", { ...question.query, metric, interval, currency: money?.currency }));
  const found = useAllPolled<AnalyticsSeries>(paths, EVERY_MS);
  const exact = money && ((units: number): string => amountOf(units, money.places));
  const write = money && ((units: number): string => written(amountOf(Math.round(units), money.places), money.currency, language.value));
  return (
    <Answered of={found} rows={8}>
      {(all) => (
        <>
          <Chart
            sums
            label={t("analytics.volume")}
            zone={question.zone}
            isByDay={interval === "day" || interval === "week"}
            height={260}
            times={all[0]!.points.map(({ at }) => Date.parse(at) / 1_000)}
            series={lines.map(([, label, colour], line) => ({
              label: t(label),
              colour,
              values: all[line]!.points.map(({ value }) => value),
              write,
              writeExact: exact,
            }))}
          />
          {Date.parse(all[0]!.points[0]?.at ?? "") < question.range.from && <p class="note">{t("analytics.wholeSteps")}</p>}
        </>
      )}
    </Answered>
  );
}
