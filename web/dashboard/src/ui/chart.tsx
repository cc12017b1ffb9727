// A chart over time.

import type { JSX } from "preact";
import { short } from "../format.ts";
import { t } from "../i18n.ts";
import { language } from "../state/preferences.ts";
import { stampIn } from "../zoned.ts";
import { type Axis, type Options, Plot, type Series, axisStyle, upwards } from "./plot.tsx";

export type { Series } from "./plot.tsx";

interface Props {
  label: string;
  /** Seconds since the epoch. */
  times: number[];
  series: Series[];
  height?: number;
  /** Whether the values are amounts that add up; else the newest stands for all. */
  sums?: boolean;
  /** The zone that times are told in; that of the browser without one. */
  zone?: string;
  /** Whether each time stands for a whole day or longer. */
  isByDay?: boolean;
}

/** Points are shown where there are so few that they are told apart. */
const MAX_POINTS = 40;

export function Chart({ label, times, series, height = 200, sums = false, zone, isByDay = false }: Props): JSX.Element {
  const hasPoints = sums && times.length <= MAX_POINTS;
  const options: Options = (colour, drawing) => ({
    legend: { show: false },
    // The last time stands half beyond the end of its axis.
    padding: [null, 28, null, null],
    cursor: { y: false, points: { size: 6 } },
    ...(zone && { tzDate: (at: number) => drawing.tzDate(new Date(at * 1_000), zone) }),
    // With a look or two, or none, the axis still is about the last minute. Of a single time the
    // library makes years.
    scales: { x: { range: ({ data: [times] }, low, high) => lastMinute(low, times.length === 1 ? times[0]! : high) }, y: upwards() },
    axes: [
      { ...axisStyle(colour), space: 90, values: (_plot, ticks) => ticks.map((at) => clock(at, ticks, zone)) },
      { ...axisStyle(colour), size: (_plot, written) => wideAs(written), values: (_plot, ticks) => ticks.map((value) => inShort(value, series)) },
    ],
    series: [
      {},
      ...series.map((one) => ({
        label: one.label,
        stroke: colour(one.colour),
        width: 2,
        points: { show: hasPoints, size: 5, fill: colour(one.colour) },
        ...(one.isExpected && { dash: [6, 4] }),
      })),
    ],
  });
  const shape = `${zone} ${hasPoints}`;
  const now = Date.now() / 1_000;
  return <Plot label={label} places={times} series={series} axis={over(zone, isByDay)} height={height} sums={sums} options={options} shape={shape} blank={[now - 60, now]} />;
}

function inShort(value: number, series: Series[]): string {
  return series[0]?.write?.(value) ?? short(value);
}

function over(zone: string | undefined, isByDay: boolean): Axis {
  const style = isByDay ? ({ dateStyle: "full" } as const) : ({ dateStyle: "short", timeStyle: zone ? "short" : "medium" } as const);
  const time = new Intl.DateTimeFormat(language.value, { ...style, timeZone: zone });
  return {
    head: t("chart.time"),
    name: (at) => time.format(at * 1_000),
    exact: (at) => (zone ? stampIn(zone, at * 1_000) : new Date(at * 1_000).toISOString()),
  };
}

/** How much room texts beside an axis take, in pixels: about as much for each letter. */
function wideAs(written: string[] | null): number {
  return Math.max(52, 14 + 7 * Math.max(0, ...(written ?? []).map((text) => text?.length ?? 0)));
}

function lastMinute(low: number | null, high: number | null): [number, number] {
  const end = high ?? Date.now() / 1_000;
  return [Math.min(low ?? end, end - 60), end];
}

function clock(at: number, ticks: number[], timeZone: string | undefined): string {
  const span = (ticks.at(-1) ?? at) - (ticks[0] ?? at);
  const format: Intl.DateTimeFormatOptions =
    span > 2 * 86_400 ? { day: "numeric", month: "short" } : span > 600 ? { hour: "numeric", minute: "2-digit" } : { minute: "2-digit", second: "2-digit" };
  return new Intl.DateTimeFormat(language.value, { ...format, timeZone }).format(at * 1_000);
}
