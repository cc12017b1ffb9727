import assert from "node:assert/strict";
import { test } from "node:test";
import { dateIn, daysAfter, isDate, isZone, stampIn, startOf } from "../src/zoned.ts";

const iso = (at: number): string => new Date(at).toISOString();

test("a day begins at midnight of its zone, on both sides of a change of clocks", () => {
  for (const [date, zone, starts] of [
    ["2026-03-29", "Europe/Madrid", "2026-03-28T23:00:00.000Z"],
    ["2026-03-30", "Europe/Madrid", "2026-03-29T22:00:00.000Z"],
    ["2026-10-25", "Europe/Madrid", "2026-10-24T22:00:00.000Z"],
    ["2026-10-26", "Europe/Madrid", "2026-10-25T23:00:00.000Z"],
    ["2026-11-28", "UTC", "2026-11-28T00:00:00.000Z"],
    ["2026-11-28", "Asia/Kathmandu", "2026-11-27T18:15:00.000Z"],
    ["2026-11-28", "Pacific/Kiritimati", "2026-11-27T10:00:00.000Z"],
    ["2026-11-28", "Pacific/Pago_Pago", "2026-11-28T11:00:00.000Z"],
    // Clocks go from 23:59 to 01:00: the day has no midnight.
    ["2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00.000Z"],
  ] as const) {
    assert.equal(iso(startOf(date, zone)), starts, `${date} ${zone}`);
    assert.equal(dateIn(zone, startOf(date, zone)), date);
    assert.equal(dateIn(zone, startOf(date, zone) - 1), daysAfter(date, -1));
  }
});

test("a moment is written with the offset of its zone", () => {
  const at = Date.parse("2026-07-01T22:30:00.500Z");
  for (const [zone, text] of [
    ["Europe/Madrid", "2026-07-02T00:30:00+02:00"],
    ["America/St_Johns", "2026-07-01T20:00:00-02:30"],
    ["UTC", "2026-07-01T22:30:00+00:00"],
  ] as const) {
    assert.equal(stampIn(zone, at), text);
  }
});

test("what is no zone and what is no date is known as such", () => {
  assert.deepEqual(["Europe/Madrid", "UTC", "", "Madrid", "<script>", "../etc"].map(isZone), [true, true, false, false, false, false]);
  assert.deepEqual(["2028-02-29", "2026-02-29", "2026-13-01", "28.11.2026", "", "2026-1-1"].map(isDate), [true, false, false, false, false, false]);
});
