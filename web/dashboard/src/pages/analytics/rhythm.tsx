// When people write and are written to: by hour of the day and by weekday.

import type { JSX } from "preact";
import type { MessageAnalytics } from "../../api/schema.ts";
import { t } from "../../i18n.ts";
import { language } from "../../state/preferences.ts";
import { Panel } from "../../ui/basics.tsx";
import { BarChart } from "../../ui/bar_chart.tsx";
import type { Series } from "../../ui/plot.tsx";

/** A Monday. */
const MONDAY_MS = Date.UTC(2026, 0, 5);
const DAY_MS = 86_400_000;

export function Rhythm({ messages }: { messages: MessageAnalytics }): JSX.Element {
  const { byHour, byWeekday } = messages;
  const weekday = new Intl.DateTimeFormat(language.value, { weekday: "short", timeZone: "UTC" });
  return (
    <div class="columns">
      <Panel title={t("analytics.byHour")}>
        <BarChart label={t("analytics.byHour")} head={t("analytics.hour")} names={byHour.map(({ hour }) => `${String(hour).padStart(2, "0")}:00`)} series={series(byHour)} />
      </Panel>
      <Panel title={t("analytics.byWeekday")}>
        <BarChart
          label={t("analytics.byWeekday")}
          head={t("analytics.weekday")}
          names={byWeekday.map((_, day) => weekday.format(MONDAY_MS + day * DAY_MS))}
          series={series(byWeekday)}
        />
      </Panel>
    </div>
  );
}

function series(counts: { sent: number; received: number }[]): Series[] {
  return [
    { label: t("analytics.sent"), colour: "accent", values: counts.map(({ sent }) => sent) },
    { label: t("analytics.received"), colour: "second", values: counts.map(({ received }) => received) },
  ];
}
