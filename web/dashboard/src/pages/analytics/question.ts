// What all parts of the page are asked about.

import { NOTHING } from "../../format.ts";
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
  return isMoment(at) ? formatIn(zone).format(new Date(at)) : NOTHING;
}

/** A range that ends before its second moment. */
export function rangeIn(zone: string, from: string, to: string): string {
  return isMoment(from) && isMoment(to) ? formatIn(zone).formatRange(new Date(from), new Date(to)) : NOTHING;
}

function formatIn(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short", timeZone });
}

function isMoment(at: string): boolean {
  return !Number.isNaN(Date.parse(at));
}
