import assert from "node:assert/strict";
import { test } from "node:test";
import { type Unit, type Written, clock, compact, decimal, distance, length, moment, percentage, relative, size } from "../src/written.ts";

const LANGUAGES: Written[] = ["en", "es"];
/** Small and large, whole and not, on both sides of where they are rounded. */
const NUMBERS = [0, 0.04, 0.05, 0.15, 0.25, 0.94, 0.95, 0.994, 1, 1.005, 1.5, 2, 9.95, 12.34, 99.94, 99.95, 100, 999, 999.5, 1_000, 1_234, 1_234.56, 9_999, 9_999.95, 10_000, 12_345, 99_949, 99_950, 123_456, 999_949, 999_950, 999_999, 1_000_000, 1_234_567, 12_345_678, 999_949_999, 999_950_000, 1e9, 1_234_567_890, 9_999_949_999, 12_345_678_901, 999_949_999_999, 1e12, 1_234_567_890_123];
const SIGNED = [...NUMBERS, ...NUMBERS.filter((n) => n >= 1).map((n) => -n)];

/** Which of the spaces stands there is not looked at. */
function assertAlike(ours: string, theirs: string, of: string): void {
  const plain = (text: string): string => text.replace(/\s/g, " ");
  assert.equal(plain(ours), plain(theirs), of);
}

for (const language of LANGUAGES) {
  const intl = (options: Intl.NumberFormatOptions): Intl.NumberFormat => new Intl.NumberFormat(language, options);

  test(`numbers are written as Intl writes them, ${language}`, () => {
    for (const n of SIGNED) {
      for (const digits of [0, 1, 2, 3]) assertAlike(decimal(language, n, digits), intl({ maximumFractionDigits: digits }).format(n), `${n} with ${digits}`);
      assertAlike(compact(language, n), intl({ notation: "compact", maximumFractionDigits: 1 }).format(n), `${n} in short`);
      const share = Number(`${n}e-2`);
      assertAlike(percentage(language, share, 1), intl({ style: "percent", maximumFractionDigits: 1 }).format(share), `${n} percent`);
    }
    assert.deepEqual([decimal(language, -0, 1), decimal(language, -0.01, 1), decimal(language, 1e-9, 3)], ["0", "0", "0"]);
    assert.equal(decimal(language, 1e21), language === "en" ? "1,000,000,000,000,000,000,000" : "1.000.000.000.000.000.000.000");
  });

  test(`lengths, sizes and distances are written as Intl writes them, ${language}`, () => {
    for (const unit of ["millisecond", "second", "minute", "hour", "day"] as Unit[]) {
      for (const n of [0, 1, 1.5, 59, 999, 1_234, 12_345]) assertAlike(length(language, n, unit), intl({ style: "unit", unit, unitDisplay: "narrow" }).format(n), `${n} ${unit}`);
      if (unit === "millisecond") continue;
      const distance = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
      for (const n of [0, 1, -1, 2, -2, 3, -3, 59, -365, -12_345]) assertAlike(relative(language, n, unit), distance.format(n, unit), `${n} ${unit} from now`);
    }
    for (const [n, of] of [[0, "byte"], [1, "byte"], [999, "byte"], [1_000, "kilobyte"], [1_540_000, "megabyte"], [2_500_000_000, "gigabyte"], [3e15, "terabyte"]] as const) {
      const power = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"].indexOf(of);
      assertAlike(size(language, n), intl({ style: "unit", unit: of, unitDisplay: "short", maximumFractionDigits: 1 }).format(n / 1_000 ** power), `${n} bytes`);
    }
  });

  test(`a distance is written in its largest unit, ${language}`, () => {
    const said = [-0.4, -59.4, -59.6, -3_570, -3_571, 86_399, 172_800].map((seconds) => distance(language, seconds));
    const es = ["ahora", "hace 59 s", "hace 1 min", "hace 1 h", "hace 1 h", "mañana", "pasado mañana"];
    assert.deepEqual(said, language === "es" ? es : ["now", "59 sec. ago", "1 min. ago", "1 hr. ago", "1 hr. ago", "tomorrow", "in 2 days"]);
  });

  test(`moments are written as Intl writes them, ${language}`, () => {
    for (let month = 0; month < 12; month++) {
      const at = new Date(2026, month, month + 1, month * 2, 5, 59);
      assertAlike(moment(language, at), new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(at), at.toISOString());
      assertAlike(clock(language, at), new Intl.DateTimeFormat(language, { timeStyle: "medium" }).format(at), at.toISOString());
    }
  });
}
