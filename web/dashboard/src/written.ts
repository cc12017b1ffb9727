// Numbers and times in our two languages, as `Intl` writes them, but without it: the first thing that a
// page asks of `Intl` makes it look through all languages that there are, and that takes longer than to
// draw the page. What is seldom written, as money and times of other zones, asks it all the same.

export type Written = "en" | "es";
export type Unit = "millisecond" | "second" | "minute" | "hour" | "day";

/** Keeps a number and its unit in one line. */
const SPACE = "\u00a0";

/** A number with so many digits after its point at most. */
export function decimal(language: Written, n: number, digits = 0): string {
  const [whole = "", part = ""] = rounded(Math.abs(n), digits).split(".");
  // In Spanish four digits stand together.
  const isGrouped = whole.length > (language === "es" ? 4 : 3);
  const grouped = isGrouped ? whole.replace(/\B(?=(\d{3})+$)/g, language === "es" ? "." : ",") : whole;
  const written = part ? grouped + (language === "es" ? "," : ".") + part : grouped;
  return n < 0 && /[1-9]/.test(written) ? `-${written}` : written;
}

const STEPS: Record<Written, [from: number, unit: number, name: string][]> = {
  en: [
    [1e12, 1e12, "T"],
    [1e9, 1e9, "B"],
    [1e6, 1e6, "M"],
    [1e3, 1e3, "K"],
  ],
  es: [
    [1e12, 1e12, `${SPACE}B`],
    [1e10, 1e9, `${SPACE}mil${SPACE}M`],
    [1e6, 1e6, `${SPACE}M`],
    [1e3, 1e3, `${SPACE}mil`],
  ],
};

/** A number in few characters, with one digit after its point at most: 12.3K. */
export function compact(language: Written, n: number): string {
  // What would be rounded up to a unit is written in that.
  const step = STEPS[language].find(([from], place, all) => {
    const below = all[place + 1]?.[1] ?? 1;
    return Number(rounded(Math.abs(n) / below, 1)) * below >= from;
  });
  return step ? decimal(language, n / step[1], 1) + step[2] : decimal(language, n, 1);
}

/** A share in percent. */
export function percentage(language: Written, share: number, digits: number): string {
  return decimal(language, Number((share * 100).toPrecision(15)), digits) + (language === "es" ? `${SPACE}%` : "%");
}

const UNITS: Record<Unit, string> = { millisecond: "ms", second: "s", minute: "m", hour: "h", day: "d" };

/** A length of time. */
export function length(language: Written, n: number, unit: Unit): string {
  return decimal(language, n, 3) + (language === "es" && unit === "minute" ? "min" : UNITS[unit]);
}

/** A count of bytes in the largest unit that it fills. */
export function size(language: Written, n: number): string {
  const units = [language === "es" ? "B" : "byte", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, n > 0 ? Math.floor(Math.log10(n) / 3) : 0);
  return `${decimal(language, n / 1_000 ** power, power ? 1 : 0)}${SPACE}${units[power]}`;
}

/** What is near has a word of its own. */
const NEAR: Record<Written, Record<string, string>> = {
  en: { "0 second": "now", "0 minute": "this minute", "0 hour": "this hour", "0 day": "today", "1 day": "tomorrow", "-1 day": "yesterday" },
  es: { "0 second": "ahora", "0 minute": "este minuto", "0 hour": "esta hora", "0 day": "hoy", "1 day": "mañana", "-1 day": "ayer", "2 day": "pasado mañana", "-2 day": "anteayer" },
};
const SHORT: Record<Written, Record<Unit, string>> = {
  en: { millisecond: "ms", second: "sec.", minute: "min.", hour: "hr.", day: "days" },
  es: { millisecond: "ms", second: "s", minute: "min", hour: "h", day: "d" },
};

const DISTANCES: [below: number, unit: Unit, seconds: number][] = [
  [60, "second", 1],
  [3_600, "minute", 60],
  [86_400, "hour", 3_600],
  [Infinity, "day", 86_400],
];

/** How far so many seconds are from now, in their largest unit. What is rounded up to a minute is one. */
export function distance(language: Written, seconds: number): string {
  const [, unit, size] = DISTANCES.find(([below, , size]) => Math.round(Math.abs(seconds) / size) * size < below)!;
  return relative(language, Math.round(seconds / size), unit);
}

/** How far a whole number of units is from now: before it where it is below zero. */
export function relative(language: Written, n: number, unit: Unit): string {
  const near = NEAR[language][`${n === 0 ? 0 : n} ${unit}`];
  if (near) return near;
  const far = `${decimal(language, Math.abs(n))} ${SHORT[language][unit]}`;
  if (language === "es") return n < 0 ? `hace ${far}` : `dentro de ${far}`;
  return n < 0 ? `${far} ago` : `in ${far}`;
}

const MONTHS: Record<Written, string> = {
  en: "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
  es: "ene feb mar abr may jun jul ago sept oct nov dic",
};

/** A day and its time, where the browser is. */
export function moment(language: Written, at: Date): string {
  const month = MONTHS[language].split(" ")[at.getMonth()];
  const [day, year] = [at.getDate(), at.getFullYear()];
  const date = language === "es" ? `${day} ${month} ${year}` : `${month} ${day}, ${year}`;
  return `${date}, ${clock(language, at)}`;
}

/** The time of day, where the browser is. */
export function clock(language: Written, at: Date): string {
  const hour = at.getHours();
  const rest = [at.getMinutes(), at.getSeconds()].map((n) => `:${String(n).padStart(2, "0")}`).join("");
  if (language === "es") return hour + rest;
  return `${hour % 12 || 12}${rest}${SPACE}${hour < 12 ? "AM" : "PM"}`;
}

/** As it is written with digits and a point, rounded by what is seen of it, halves away from zero. */
function rounded(n: number, digits: number): string {
  const [text = "", power = "0"] = String(n).split("e");
  // What is too small to be seen, or too large to have a part, has no digits to round.
  if (Number(power) < 0) return "0";
  if (Number(power) > 0) return BigInt(n).toString();
  const moved = String(Math.round(Number(`${text}e${digits}`)));
  if (moved.includes("e")) return text;
  return String(Number(`${moved}e-${digits}`));
}
