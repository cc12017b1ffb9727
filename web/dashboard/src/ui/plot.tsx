// A drawing of figures, with the same figures as a table for whoever cannot see it or wants to copy
// it, and as a file.

import { type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { csv } from "../csv.ts";
import { number, short } from "../format.ts";
import { t } from "../i18n.ts";
import { language, theme } from "../state/preferences.ts";
import { Empty } from "./basics.tsx";
import { fileName, saveAs } from "./copy.tsx";
import { type Drawing, useDrawing } from "./drawing.ts";
import { type Column, Table } from "./table.tsx";

export interface Series {
  label: string;
  /** One of the colours of the tokens. */
  colour: "accent" | "good" | "bad" | "warn" | "second";
  values: (number | null)[];
  /** For what is not counted but expected. */
  isExpected?: boolean;
  /** How a value is written, where it is no plain number. */
  write?: ((value: number) => string) | undefined;
  /** How it is written into a file. */
  writeExact?: ((value: number) => string) | undefined;
}

/** What the values stand over. */
export interface Axis {
  head: string;
  name(place: number): string;
  /** For programs. */
  exact(place: number): string;
}

/** How it is drawn, by what draws it. */
export type Options = (colour: (name: string) => string, drawing: Drawing) => Omit<uPlot.Options, "width" | "height">;

interface Props {
  label: string;
  /** Where each value stands, in order. */
  places: number[];
  series: Series[];
  axis: Axis;
  height: number;
  /** Whether the values are amounts that add up; else the newest stands for all. */
  sums: boolean;
  options: Options;
  /** Tells drawings apart that are made differently. */
  shape: string;
  /** The places that are drawn where there are none. */
  blank?: number[];
}

export function Plot({ places: told, series: all, label, axis, height, sums, options, shape, blank = [] }: Props): JSX.Element {
  const { places, series } = placed(told, all);
  const data = (): uPlot.AlignedData => (places.length > 0 ? [places, ...series.map((one) => one.values)] : [blank, ...series.map(() => blank.map(() => null))]);
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const looked = useSignal<number | null>(null);
  const drawing = useDrawing();
  const made = [shape, language.value, theme.value, ...series.map((one) => `${one.label}${one.colour}${one.isExpected}`)].join();
  useEffect(() => {
    if (!drawing) return undefined;
    const element = box.current!;
    const look = (drawn: uPlot): void => void (looked.value = drawn.cursor.idx ?? null);
    const make = (): void => {
      plot.current?.destroy();
      const size = { width: element.clientWidth, height, hooks: { setCursor: [look] } };
      plot.current = new drawing({ ...options(colourIn(element), drawing), ...size }, data(), element);
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
  }, [made, height, drawing]);
  useEffect(() => plot.current?.setData(data()));
  return (
    <figure class="chart">
      <Legend places={places} series={series} axis={axis} sums={sums} looked={looked} />
      <div ref={box} class="plot" role="img" aria-label={label} style={{ minBlockSize: `${height}px` }}>
        {drawing === null && <p class="note">{t("chart.failed")}</p>}
      </div>
      <details>
        <summary>{t("chart.table")}</summary>
        <Figures label={label} places={places} series={series} axis={axis} />
      </details>
      <button type="button" class="quiet small save-chart" disabled={places.length === 0} onClick={() => save(label, places, series, axis)}>
        {t("download.csv")}
      </button>
    </figure>
  );
}

/** What stands nowhere is not drawn. */
function placed(places: number[], series: Series[]): Pick<Props, "places" | "series"> {
  if (places.every(Number.isFinite)) return { places, series };
  const isPlaced = (_: unknown, place: number): boolean => Number.isFinite(places[place]);
  return { places: places.filter(isPlaced), series: series.map((one) => ({ ...one, values: one.values.filter(isPlaced) })) };
}

/** What all of a series comes to; and what stands where one points at. */
function Legend({ places, series, axis, sums, looked }: Pick<Props, "places" | "series" | "axis" | "sums"> & { looked: Signal<number | null> }): JSX.Element {
  const at = looked.value !== null && looked.value < places.length ? looked.value : null;
  const value = ({ values }: Series): number | null | undefined => {
    if (at !== null) return values[at];
    return sums ? sum(values) : values.findLast((one) => one != null);
  };
  return (
    <ul class="legend">
      {series.map((one) => (
        <li key={one.label}>
          <span class={`dot ${one.colour}${one.isExpected ? " expected" : ""}`} aria-hidden="true" />
          {one.label} <span class="num">{inShort(one, value(one))}</span>
        </li>
      ))}
      {at !== null && <li class="note">{axis.name(places[at]!)}</li>}
    </ul>
  );
}

function inShort({ write }: Series, value: number | null | undefined): string {
  return value != null && write ? write(value) : short(value);
}

function sum(values: (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

interface Row {
  place: number;
  row: number;
}

function Figures({ label, places, series, axis }: Pick<Props, "label" | "places" | "series" | "axis">): JSX.Element {
  const cell = ({ values, write }: Series, row: number): string => {
    const value = values[row];
    return value != null && write ? write(value) : number(value, 1);
  };
  const columns: Column<Row>[] = [
    { head: axis.head, cell: ({ place }) => axis.name(place) },
    ...series.map((one) => ({ head: one.label, number: true, cell: ({ row }: Row) => cell(one, row) })),
  ];
  return (
    <Table
      tall
      label={label}
      items={places.map((place, row) => ({ place, row }))}
      keyOf={({ place }) => String(place)}
      empty={<Empty title={t("tracking.nothing")} />}
      columns={columns}
    />
  );
}

/** The figures as a file; what is not known is left empty. */
function save(label: string, places: number[], series: Series[], axis: Axis): void {
  const cell = ({ values, writeExact }: Series, row: number): string | number | null | undefined => {
    const value = values[row];
    return value != null && writeExact ? writeExact(value) : value;
  };
  const rows = places.map((place, row) => [axis.exact(place), ...series.map((one) => cell(one, row))]);
  saveAs(fileName(label, "csv"), "text/csv", csv([axis.head, ...series.map((one) => one.label)], rows));
}

/** The colours of the tokens as they are in the chosen theme. */
function colourIn(box: HTMLElement): (name: string) => string {
  return (name) => {
    const probe = box.appendChild(document.createElement("i"));
    probe.className = `probe ${name}`;
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
}

/** How axes look, whatever they tell. */
export function axisStyle(colour: (name: string) => string): uPlot.Axis {
  return { stroke: colour("text"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
}

/** The values upwards, from nothing to a little more than the most. */
export function upwards(): uPlot.Scale {
  return { range: (_plot, _low, high) => [0, Math.max(1, high * 1.1)] };
}
