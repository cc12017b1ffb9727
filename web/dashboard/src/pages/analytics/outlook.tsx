// What to expect of the next days, how far such expectations were off, and hours unlike the others.

import type { JSX } from "preact";
import { address } from "../../api/client.ts";
import type { AnalyticsForecast, AnalyticsSeries, UnusualHour } from "../../api/schema.ts";
import { number, percent } from "../../format.ts";
import { counted, t } from "../../i18n.ts";
import { usePolled } from "../../state/poll.ts";
import { parameter } from "../../state/route.ts";
import { Answered } from "../../ui/answered.tsx";
import { Badge, Empty, Panel } from "../../ui/basics.tsx";
import { Chart } from "../../ui/chart.tsx";
import { Choice } from "../../ui/filters.tsx";
import { SaveCsv } from "../../ui/save.tsx";
import { Table } from "../../ui/table.tsx";
import { dateIn, daysAfter, startOf } from "../../zoned.ts";
import { SELDOM_MS, momentIn } from "./question.ts";

/** Days of the past that stand before those to come. */
const DAYS_BEFORE = 14;

interface Props {
  zone: string;
  tenant: string;
  now: number;
}

export function Outlook({ zone, tenant, now }: Props): JSX.Element {
  const metric = parameter("of") === "messagesReceived" ? "messagesReceived" : "messagesSent";
  const forecast = usePolled<AnalyticsForecast>(address("/api/analytics/forecast", { metric, timeZone: zone, tenant }), SELDOM_MS);
  return (
    <Panel title={t("analytics.outlook")} side={<Badge tone="warn">{t("analytics.estimate")}</Badge>}>
      <div class="filters">
        <Choice name="of" label={t("analytics.outlookOf")} any={t("analytics.messagesSent")} options={[["messagesReceived", t("analytics.messagesReceived")]]} />
      </div>
      <Answered of={forecast}>
        {(data) =>
          data.days.some(({ expected }) => expected != null) ? (
            <>
              <Days forecast={data} zone={zone} tenant={tenant} now={now} />
              <p class="note">
                {t("analytics.outlookNote")} {errorOf(data)}
              </p>
              <Unusual hours={data.unusualHours} zone={zone} />
            </>
          ) : (
            <Empty title={t("analytics.noOutlook")} note={counted("analytics.noOutlookNote", data.weeks)} />
          )
        }
      </Answered>
    </Panel>
  );
}

function errorOf({ pastError }: AnalyticsForecast): string {
  if (!pastError) return t("analytics.noPastError");
  return counted("analytics.pastError", pastError.weeks, { share: percent(pastError.share) });
}

/** The days that are over, and those that are to come; the one that is running is neither. */
function Days({ forecast, zone, tenant, now }: Props & { forecast: AnalyticsForecast }): JSX.Element {
  const today = startOf(dateIn(zone, now), zone);
  const from = new Date(startOf(daysAfter(dateIn(zone, now), -DAYS_BEFORE), zone)).toISOString();
  const query = { metric: forecast.metric, interval: "day", from, to: new Date(today).toISOString(), timeZone: zone, tenant };
  const past = usePolled<AnalyticsSeries>(address("/api/analytics/timeseries", query), SELDOM_MS);
  return (
    <Answered of={past}>
      {({ points }) => {
        const days = [...points, { at: new Date(today).toISOString() }, ...forecast.days];
        const before = points.map(({ value }) => value);
        return (
          <Chart
            sums
            isByDay
            label={t("analytics.outlook")}
            zone={zone}
            times={days.map(({ at }) => Date.parse(at) / 1_000)}
            series={[
              { label: t("analytics.counted"), colour: "accent", values: days.map((_, day) => before[day] ?? null) },
              {
                label: t("analytics.expected"),
                colour: "second",
                isExpected: true,
                values: days.map((_, day) => forecast.days[day - points.length - 1]?.expected ?? null),
              },
            ]}
          />
        );
      }}
    </Answered>
  );
}

function Unusual({ hours, zone }: { hours: UnusualHour[]; zone: string }): JSX.Element {
  const title = t("analytics.unusual");
  return (
    <>
      <div class="panel-head unusual">
        <h3>{title}</h3>
        <SaveCsv title={title} head={["at", "count", "expected"]} rows={hours.map(({ at, count, expected }) => [at, count, expected])} />
      </div>
      <Table
        label={title}
        items={hours}
        keyOf={({ at }) => at}
        empty={<p class="note">{t("analytics.noUnusual")}</p>}
        columns={[
          { head: t("analytics.hour"), cell: ({ at }) => <time>{momentIn(zone, at)}</time> },
          { head: t("analytics.counted"), number: true, cell: ({ count }) => number(count) },
          { head: t("analytics.expectedAbout"), number: true, cell: ({ expected }) => number(expected, 1) },
          { head: t("analytics.unlike"), cell: ({ count, expected }) => <Badge tone="warn">{count > expected ? t("analytics.more") : t("analytics.less")}</Badge> },
        ]}
      />
    </>
  );
}
