// Numbers, times and sizes as people read them.

import { language } from "./state/preferences.ts";

export const NOTHING = "–";

export function number(n: number | null | undefined, digits = 0): string {
  if (n == null || !Number.isFinite(n)) return NOTHING;
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(n);
}

/** A number in few characters: 12.3K. */
export function short(n: number | null | undefined): string {
  if (n == null || !Number.isFinite(n)) return NOTHING;
  if (Math.abs(n) < 10_000) return number(n, Math.abs(n) < 10 ? 1 : 0);
  return new Intl.NumberFormat(language.value, { notation: "compact", maximumFractionDigits: 1 }).format(n);
}

export function percent(share: number | null | undefined, digits = 1): string {
  if (share == null || !Number.isFinite(share)) return NOTHING;
  return new Intl.NumberFormat(language.value, { style: "percent", maximumFractionDigits: digits }).format(share);
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
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const power = Math.min(units.length - 1, n > 0 ? Math.floor(Math.log10(n) / 3) : 0);
  const format = { style: "unit", unit: units[power], unitDisplay: "short", maximumFractionDigits: power ? 1 : 0 } as const;
  return new Intl.NumberFormat(language.value, format as Intl.NumberFormatOptions).format(n / 1_000 ** power);
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

function both(n: number, name: string, rest: number, nameOfRest: string): string {
  return rest === 0 ? unit(n, name) : `${unit(n, name)} ${unit(rest, nameOfRest)}`;
}

function unit(n: number, name: string): string {
  const format = { style: "unit", unit: name, unitDisplay: "narrow" } as const;
  return new Intl.NumberFormat(language.value, format).format(n);
}

/** How long ago, or until. */
export function ago(at: string | null | undefined, now = Date.now()): string {
  if (!at || Number.isNaN(Date.parse(at))) return NOTHING;
  const seconds = (Date.parse(at) - now) / 1_000;
  const format = new Intl.RelativeTimeFormat(language.value, { numeric: "auto", style: "short" });
  const steps: [number, Intl.RelativeTimeFormatUnit][] = [
    [60, "second"],
    [3_600, "minute"],
    [86_400, "hour"],
    [Infinity, "day"],
  ];
  const sizes = { second: 1, minute: 60, hour: 3_600, day: 86_400 } as Record<string, number>;
  const [, name] = steps.find(([below]) => Math.abs(seconds) < below)!;
  return format.format(Math.round(seconds / sizes[name]!), name);
}

export function moment(at: string | null | undefined): string {
  if (!at || Number.isNaN(Date.parse(at))) return NOTHING;
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(at));
}

/** The time of day. */
export function clock(at: string): string {
  if (Number.isNaN(Date.parse(at))) return NOTHING;
  return new Intl.DateTimeFormat(language.value, { timeStyle: "medium" }).format(new Date(at));
}
