// What all parts of the page are asked about.

import { language } from "../../state/preferences.ts";
import type { Range } from "./period.ts";

export interface Question {
  range: Range;
  zone: string;
  tenant: string;
  /** The running minute. */
  now: number;
  /** What the API is asked with. */
  query: Record<string, string | undefined>;
}

/** Figures of a range change little; those who look see them within this time. */
export const EVERY_MS = 10_000;
export const SELDOM_MS = 60_000;

/** A moment on the clocks of the zone. */
export function momentIn(zone: string, at: string): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short", timeZone: zone }).format(new Date(at));
}

/** A range that ends before its second moment. */
export function rangeIn(zone: string, from: string, to: string): string {
  const format = new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short", timeZone: zone });
  return format.formatRange(new Date(from), new Date(to));
}
