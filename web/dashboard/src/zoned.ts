// Dates and clocks of a time zone, from what browsers know of it.

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
/** No zone is further from UTC than this. */
const MAX_OFFSET_MS = 15 * 3_600_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** What clocks show there, told as if it were UTC. */
function wall(at: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    const parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
    format = new Intl.DateTimeFormat("en-US", { ...parts, hourCycle: "h23", calendar: "gregory", numberingSystem: "latn", timeZone: zone });
    formats.set(zone, format);
  }
  const found = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const [year, month, day] = [found.get("year")!, found.get("month")!, found.get("day")!];
  return Date.UTC(year, month - 1, day, found.get("hour")!, found.get("minute")!, found.get("second")!);
}

/** Whether browsers know a zone of this name. */
export function isZone(name: string): boolean {
  try {
    return name !== "" && Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}

/** The zone of this browser. */
export function ownZone(): string {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return isZone(timeZone) ? timeZone : "UTC";
}

/** The date there, as `2026-03-29`. */
export function dateIn(zone: string, at: number): string {
  return new Date(wall(at, zone)).toISOString().slice(0, 10);
}

/** A moment as RFC 3339 with the zone's offset: `2026-03-29T00:00:00+01:00`. */
export function stampIn(zone: string, at: number): string {
  const shown = wall(at, zone);
  const minutes = Math.round((shown - Math.floor(at / 1_000) * 1_000) / 60_000);
  const two = (n: number): string => String(n).padStart(2, "0");
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${new Date(shown).toISOString().slice(0, 19)}${minutes < 0 ? "-" : "+"}${two(hours)}:${two(rest)}`;
}

/** The first quarter-hour of a date there; where clocks skip midnight, the one after it. */
export function startOf(date: string, zone: string): number {
  const midnight = Date.parse(`${date}T00:00:00Z`);
  let [before, from] = [(midnight - MAX_OFFSET_MS) / QUARTER_MS, (midnight + MAX_OFFSET_MS) / QUARTER_MS];
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2);
    if (dateIn(zone, middle * QUARTER_MS) < date) before = middle;
    else from = middle;
  }
  return from * QUARTER_MS;
}

/** The date so many days later. */
export function daysAfter(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Whether this is a date, as `2026-02-28` is and `2026-02-30` is not. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}
