// Numbers, times and sizes as people read them.

import { language } from "./state/preferences.ts";
import * as written from "./written.ts";
import type { Unit } from "./written.ts";

export const NOTHING = "–";

export function number(n: number | null | undefined, digits = 0): string {
  if (n == null || !Number.isFinite(n)) return NOTHING;
  return written.decimal(language.value, n, digits);
}

/** A number in few characters: 12.3K. */
export function short(n: number | null | undefined): string {
  if (n == null || !Number.isFinite(n)) return NOTHING;
  if (Math.abs(n) < 10_000) return number(n, Math.abs(n) < 10 ? 1 : 0);
  return written.compact(language.value, n);
}

export function percent(share: number | null | undefined, digits = 1): string {
  if (share == null || !Number.isFinite(share)) return NOTHING;
  return written.percentage(language.value, share, digits);
}

/** By how much something has changed: +12.3 %. */
export function change(share: number | null | undefined, digits = 1): string {
  if (share == null) return NOTHING;
  return new Intl.NumberFormat(language.value, { style: "percent", maximumFractionDigits: digits, signDisplay: "exceptZero" }).format(share);
}

/** An amount, with its currency where that is known. */
export function money(n: number, currency: string | null | undefined): string {
  if (!currency || !/^[A-Z]{3}$/.test(currency)) return number(n, 4);
  return new Intl.NumberFormat(language.value, { style: "currency", currency, maximumFractionDigits: 4 }).format(n);
}

export function bytes(n: number): string {
  return written.size(language.value, n);
}

/** A length of time in its largest unit, and the next one where there is any of it. */
export function duration(ms: number | null | undefined): string {
  if (ms == null || !Number.isFinite(ms)) return NOTHING;
  if (ms < 1_000) return unit(Math.round(ms), "millisecond");
  const seconds = ms / 1_000;
  if (seconds < 60) return unit(Math.round(seconds * 10) / 10, "second");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return both(minutes, "minute", Math.floor(seconds % 60), "second");
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return both(hours, "hour", minutes % 60, "minute");
  return both(Math.floor(hours / 24), "day", hours % 24, "hour");
}

function both(n: number, name: Unit, rest: number, nameOfRest: Unit): string {
  return rest === 0 ? unit(n, name) : `${unit(n, name)} ${unit(rest, nameOfRest)}`;
}

function unit(n: number, name: Unit): string {
  return written.length(language.value, n, name);
}

/** How long ago, or until. */
export function ago(at: string | null | undefined, now = Date.now()): string {
  if (!at || Number.isNaN(Date.parse(at))) return NOTHING;
  return written.distance(language.value, (Date.parse(at) - now) / 1_000);
}

export function moment(at: string | null | undefined): string {
  if (!at || Number.isNaN(Date.parse(at))) return NOTHING;
  return written.moment(language.value, new Date(at));
}

/** The time of day. */
export function clock(at: string): string {
  if (Number.isNaN(Date.parse(at))) return NOTHING;
  return written.clock(language.value, new Date(at));
}
