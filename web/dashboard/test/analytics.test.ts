import assert from "node:assert/strict";
import { test } from "node:test";
import { amountOf, placesOf, written } from "../src/pages/analytics/money.ts";
import { intervalOf, intervalsOf, periodOf, questionOf, rangeOf } from "../src/pages/analytics/period.ts";

const NOW = Date.parse("2026-03-29T21:30:00Z");
const ZONE = "Europe/Madrid";
const iso = (at: number | undefined): string | undefined => (at === undefined ? undefined : new Date(at).toISOString());

test("periods are whole days of the zone up to now, also where a day has 23 hours", () => {
  for (const [period, from] of [
    ["today", "2026-03-28T23:00:00.000Z"],
    ["7d", "2026-03-22T23:00:00.000Z"],
    ["30d", "2026-02-27T23:00:00.000Z"],
    ["month", "2026-02-28T23:00:00.000Z"],
  ] as const) {
    const range = rangeOf(period, ["", ""], ZONE, NOW);
    assert.ok(typeof range !== "string");
    assert.deepEqual([iso(range.from), range.to], [from, undefined], period);
  }
  assert.equal(iso((rangeOf("today", ["", ""], "Asia/Tokyo", NOW) as { from: number }).from), "2026-03-29T15:00:00.000Z");
  assert.deepEqual(["7d", "", "year", "__proto__"].map(periodOf), ["7d", "30d", "30d", "30d"]);
});

test("one's own dates hold both days, and what is wrong with them is named", () => {
  const range = rangeOf("custom", ["2026-03-01", "2026-03-28"], ZONE, NOW);
  assert.ok(typeof range !== "string");
  assert.deepEqual([iso(range.from), iso(range.to)], ["2026-02-28T23:00:00.000Z", "2026-03-28T23:00:00.000Z"]);
  for (const last of ["2026-03-29", "2027-01-01", ""]) {
    assert.deepEqual(rangeOf("custom", ["2026-03-01", last], ZONE, NOW), { from: range.from }, last);
  }
  for (const [first, last, fault] of [
    ["", "2026-03-01", "missing"],
    ["2026-02-30", "", "noDate"],
    ["2026-02-01", "soon", "noDate"],
    ["2026-03-02", "2026-03-01", "inverted"],
  ] as const) {
    assert.equal(rangeOf("custom", [first, last], ZONE, NOW), fault);
  }
});

test("a step is one that the server can answer, and a legible one where none was asked for", () => {
  const days = (n: number): { from: number } => ({ from: NOW - n * 86_400_000 });
  assert.deepEqual(intervalsOf(days(1), NOW), ["minute", "hour", "day", "week"]);
  assert.deepEqual(intervalsOf(days(30), NOW), ["hour", "day", "week"]);
  assert.deepEqual(intervalsOf(days(700), NOW), ["day", "week"]);
  assert.deepEqual([1, 30, 400].map((n) => intervalOf("", days(n), NOW)), ["hour", "day", "week"]);
  assert.equal(intervalOf("minute", days(30), NOW), "day");
  assert.equal(intervalOf("minute", days(1), NOW), "minute");
});

test("the question leaves out an end that is now", () => {
  assert.deepEqual(questionOf({ from: NOW }, ZONE, "shop"), { from: iso(NOW), to: undefined, timeZone: ZONE, tenant: "shop" });
});

test("money is exact to the last place, however much it is", () => {
  for (const [units, places, amount] of [
    [4_990, 2, "49.90"],
    [5, 2, "0.05"],
    [-5, 2, "-0.05"],
    [0, 2, "0.00"],
    [1_200, 0, "1200"],
    [1, 3, "0.001"],
    [9_007_199_254_740_991, 2, "90071992547409.91"],
  ] as const) {
    assert.equal(amountOf(units, places), amount);
    assert.equal(placesOf(amount), places);
  }
  assert.equal(written("90071992547409.91", "EUR", "en-GB"), "€90,071,992,547,409.91");
  assert.equal(written("1234567.5", "KWD", "en-GB").replace(/\s/g, " "), "KWD 1,234,567.5");
  assert.equal(written("1200", "JPY", "en-GB"), "JP¥1,200");
  for (const hostile of ["<b>", "1e5", "", "1,5"]) assert.equal(written(hostile, "EUR", "en"), `${hostile} EUR`);
  assert.equal(written("1.00", "<script>", "en"), "1.00 <script>");
});
