import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_BATCH_CHARS, backoff, fitting, isPassing, retryAfter } from "../src/retry.js";

const NOW = Date.parse("2026-01-01T00:00:00Z");

test("a batch is bounded by events and by size, and never empty", () => {
  assert.deepEqual(fitting(["a", "b", "c"], 2, 100), ["a", "b"]);
  assert.deepEqual(fitting(["aa", "bb", "cc"], 9, 6), ["aa", "bb"]);
  assert.deepEqual(fitting(["aaaaaaaaa", "b"], 9, 6), ["aaaaaaaaa"]);
  assert.deepEqual(fitting([], 9, 6), []);
});

test("a batch of the widest characters fits into what browsers keep for a page that goes", () => {
  const event = "‱".repeat(1_000);
  const sent = fitting(Array.from({ length: 100 }, () => event), 100, MAX_BATCH_CHARS);
  assert.ok(new Blob(sent).size < 64 * 1_024 - 1_000);
});

test("a backoff doubles up to a minute, and is drawn from its upper half", () => {
  for (const [failures, least, most] of [
    [0, 500, 1_000],
    [3, 4_000, 8_000],
    [6, 30_000, 60_000],
    [2_000, 30_000, 60_000],
  ] as const) {
    assert.deepEqual([backoff(failures, 0), backoff(failures, 1)], [least, most]);
  }
});

for (const [header, wait] of [
  ["30", 30_000],
  ["0", 0],
  ["999999", 3_600_000],
  ["Thu, 01 Jan 2026 00:00:10 GMT", 10_000],
  ["soon", 0],
  ["", 0],
  [null, 0],
] as const) {
  test(`Retry-After: ${header} is a wait of ${wait} ms`, () => {
    assert.equal(Math.max(0, retryAfter(header, NOW)), wait);
  });
}

test("only what may pass is tried again", () => {
  const passing = [0, 429, 500, 503].map(isPassing);
  const lasting = [200, 202, 400, 401, 403, 404, 413, 422].map(isPassing);
  assert.deepEqual([...new Set(passing)], [true]);
  assert.deepEqual([...new Set(lasting)], [false]);
});
