// Bars over names that have an order: hours of the day, weekdays.

import type { JSX } from "preact";
import { short } from "../format.ts";
import { type Options, Plot, type Series, axisStyle, upwards } from "./plot.tsx";

interface Props {
  label: string;
  /** What the names are. */
  head: string;
  names: string[];
  /** One series or two. */
  series: Series[];
  height?: number;
}

export function BarChart({ label, head, names, series, height = 200 }: Props): JSX.Element {
  const sides = series.length > 1 ? ([-1, 1] as const) : ([0] as const);
  const size = series.length > 1 ? 0.36 : 0.72;
  const options: Options = (colour, drawing) => ({
    legend: { show: false },
    cursor: { y: false, x: false, points: { show: false } },
    // Half a place at each side, for the first and the last bar.
    scales: { x: { time: false, range: () => [-0.6, names.length - 0.4] }, y: upwards() },
    axes: [
      { ...axisStyle(colour), grid: { show: false }, incrs: [1, 2, 3, 4, 6], space: 46, values: (_plot, ticks) => ticks.map((at) => names[at] ?? "") },
      { ...axisStyle(colour), size: 52, values: (_plot, ticks) => ticks.map((value) => short(value)) },
    ],
    series: [
      {},
      ...series.map((one, index) => ({
        label: one.label,
        stroke: colour(one.colour),
        fill: colour(one.colour),
        width: 0,
        paths: drawing.paths.bars!({ size: [size, 28], align: sides[index] ?? 0, radius: 0.15 }),
        points: { show: false },
      })),
    ],
  });
  const axis = { head, name: (place: number) => names[place] ?? "", exact: (place: number) => names[place] ?? "" };
  return <Plot sums label={label} places={names.map((_, place) => place)} series={series} axis={axis} height={height} options={options} shape={names.join()} />;
}
