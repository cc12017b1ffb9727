// Which time figures are of: what the address says, as a range in a time zone.

import { dateIn, daysAfter, isDate, startOf } from "../../zoned.ts";

export const PERIODS = ["today", "7d", "30d", "month", "custom"] as const;
export type Period = (typeof PERIODS)[number];
export const INTERVALS = ["minute", "hour", "day", "week"] as const;
export type Interval = (typeof INTERVALS)[number];

/** A range; without an end it goes up to now. */
export interface Range {
  from: number;
  to?: number;
}

/** What is wrong with dates that were written by hand. */
export type Fault = "missing" | "noDate" | "inverted";

const DEFAULT: Period = "30d";
const LENGTHS: Record<Interval, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 };
/** The most steps of one series, as the server has it. */
const MAX_STEPS = 3_000;

export function periodOf(name: string): Period {
  return PERIODS.find((period) => period === name) ?? DEFAULT;
}

/** Days begin at midnight of the zone, and the one that is running belongs to the range. */
export function rangeOf(period: Period, [first, last]: [first: string, last: string], zone: string, now: number): Range | Fault {
  const today = dateIn(zone, now);
  switch (period) {
    case "today":
      return { from: startOf(today, zone) };
    case "7d":
      return { from: startOf(daysAfter(today, -6), zone) };
    case "30d":
      return { from: startOf(daysAfter(today, -29), zone) };
    case "month":
      return { from: startOf(`${today.slice(0, 8)}01`, zone) };
    case "custom":
      return written(first, last, zone, today);
  }
}

function written(first: string, last: string, zone: string, today: string): Range | Fault {
  if (!first) return "missing";
  if (!isDate(first) || (last && !isDate(last))) return "noDate";
  if (last && last < first) return "inverted";
  const range = { from: startOf(first, zone) };
  // The server knows what time it is; an end that is still to come would only be cut.
  return last && last < today ? { ...range, to: startOf(daysAfter(last, 1), zone) } : range;
}

/** The steps that a range can be shown in. */
export function intervalsOf({ from, to }: Range, now: number): Interval[] {
  const ms = Math.max(1, (to ?? now) - from);
  // A step at each end may be cut.
  return INTERVALS.filter((interval) => interval === "week" || ms / LENGTHS[interval] <= MAX_STEPS - 2);
}

/** The asked step where it can be shown, else one that makes a legible number of points. */
export function intervalOf(asked: string, range: Range, now: number): Interval {
  const possible = intervalsOf(range, now);
  const days = ((range.to ?? now) - range.from) / LENGTHS.day;
  const usual: Interval = days <= 2 ? "hour" : days <= 120 ? "day" : "week";
  return possible.find((interval) => interval === asked) ?? usual;
}

/** What the API is asked with. */
export function questionOf({ from, to }: Range, timeZone: string, tenant: string): Record<string, string | undefined> {
  return { from: new Date(from).toISOString(), to: to === undefined ? undefined : new Date(to).toISOString(), timeZone, tenant };
}
