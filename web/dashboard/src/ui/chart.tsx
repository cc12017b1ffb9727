// A chart over time, with the same figures as a table for whoever cannot see it or wants to copy it.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { csv } from "../csv.ts";
import { number as told, short } from "../format.ts";
import { t } from "../i18n.ts";
import { language, theme } from "../state/preferences.ts";
import { Empty } from "./basics.tsx";
import { saveAs } from "./copy.tsx";
import { type Column, Table } from "./table.tsx";

export interface Series {
  label: string;
  /** One of the colours of the tokens. */
  colour: "accent" | "good" | "bad" | "warn" | "second";
  values: (number | null)[];
}

interface Props {
  label: string;
  /** Seconds since the epoch. */
  times: number[];
  series: Series[];
  height?: number;
  /** Whether the values are amounts that add up; else the newest stands for all. */
  sums?: boolean;
}

export function Chart({ times: told, series: all, label, height = 200, sums = false }: Props): JSX.Element {
  const { times, series } = timely(told, all);
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shape = [language.value, theme.value, ...series.map((one) => one.label + one.colour)].join();
  useEffect(() => {
    const element = box.current!;
    const make = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(options(element, series, height), [times, ...series.map((one) => one.values)], element);
    };
    make();
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    sizes.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", make);
    return () => {
      sizes.disconnect();
      scheme.removeEventListener("change", make);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape, height]);
  useEffect(() => plot.current?.setData([times, ...series.map((one) => one.values)]));
  return (
    <figure class="chart">
      <ul class="legend">
        {series.map((one) => (
          <li key={one.label}>
            <span class={`dot ${one.colour}`} aria-hidden="true" />
            {one.label} <span class="num">{short(sums ? sum(one.values) : one.values.findLast((value) => value != null))}</span>
          </li>
        ))}
      </ul>
      <div ref={box} class="plot" role="img" aria-label={label} />
      <details>
        <summary>{t("chart.table")}</summary>
        <Figures label={label} times={times} series={series} />
      </details>
      <button type="button" class="quiet small save-chart" disabled={times.length === 0} onClick={() => save(label, times, series)}>
        {t("download.csv")}
      </button>
    </figure>
  );
}

/** What has no time has no place. */
function timely(times: number[], series: Series[]): Pick<Props, "times" | "series"> {
  if (times.every(Number.isFinite)) return { times, series };
  const isTimely = (_: unknown, place: number): boolean => Number.isFinite(times[place]);
  return { times: times.filter(isTimely), series: series.map((one) => ({ ...one, values: one.values.filter(isTimely) })) };
}

function sum(values: (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

interface Row {
  at: number;
  row: number;
}

function Figures({ label, times, series }: Props): JSX.Element {
  const time = new Intl.DateTimeFormat(language.value, { dateStyle: "short", timeStyle: "medium" });
  const columns: Column<Row>[] = [
    { head: t("chart.time"), cell: ({ at }) => time.format(at * 1_000) },
    ...series.map((one) => ({ head: one.label, number: true, cell: ({ row }: Row) => told(one.values[row], 1) })),
  ];
  return (
    <Table
      tall
      label={label}
      items={times.map((at, row) => ({ at, row }))}
      keyOf={({ at }) => String(at)}
      empty={<Empty title={t("tracking.nothing")} />}
      columns={columns}
    />
  );
}

/** The figures as a file; what is not known is left empty. */
function save(label: string, times: number[], series: Series[]): void {
  const rows = times.map((at, row) => [new Date(at * 1_000).toISOString(), ...series.map((one) => one.values[row])]);
  const name = label.toLowerCase().replace(/[^\p{Letter}\p{Number}]+/gu, "-");
  saveAs(`${name}.csv`, "text/csv", csv(["time", ...series.map((one) => one.label)], rows));
}

function options(box: HTMLElement, series: Series[], height: number): uPlot.Options {
  const colour = (name: string): string => {
    const probe = box.appendChild(document.createElement("i"));
    probe.className = `probe ${name}`;
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const [text, line] = [colour("text"), colour("line")];
  const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  return {
    width: box.clientWidth,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    // With a look or two, or none, the axis still is about the last minute.
    scales: { x: { range: (_plot, low, high) => lastMinute(low, high) }, y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.1)] } },
    axes: [
      { ...axis, space: 90, values: (_plot, ticks) => ticks.map((at) => clock(at, ticks)) },
      { ...axis, size: 52, values: (_plot, ticks) => ticks.map((value) => short(value)) },
    ],
    series: [
      {},
      ...series.map((one) => ({
        label: one.label,
        stroke: colour(one.colour),
        width: 2,
        points: { show: false },
      })),
    ],
  };
}

function lastMinute(low: number | null, high: number | null): [number, number] {
  const end = high ?? Date.now() / 1_000;
  return [Math.min(low ?? end, end - 60), end];
}

function clock(at: number, ticks: number[]): string {
  const span = (ticks.at(-1) ?? at) - (ticks[0] ?? at);
  const format: Intl.DateTimeFormatOptions =
    span > 2 * 86_400 ? { day: "numeric", month: "short" } : span > 600 ? { hour: "numeric", minute: "2-digit" } : { minute: "2-digit", second: "2-digit" };
  return new Intl.DateTimeFormat(language.value, format).format(at * 1_000);
}
