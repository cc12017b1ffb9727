import assert from "node:assert/strict";
import { test } from "node:test";
import type { Queue } from "../src/api/schema.ts";
import { History } from "../src/state/history.ts";

const queue = (accepted: number, completed: number, dead: number): Queue =>
  ({ counts: { accepted, completed, dead, expired: 0 } }) as Queue;

test("rates come from the difference between two looks", () => {
  const history = new History();
  history.take([queue(100, 50, 0)], 0);
  assert.equal(history.now(), undefined);
  history.take([queue(120, 60, 4)], 2_000);
  assert.deepEqual(history.now(), { accepted: 10, sent: 5, failed: 2 });
});

test("two looks at once are one", () => {
  const history = new History();
  history.take([queue(0, 0, 0)], 0);
  history.take([queue(10, 0, 0)], 100);
  history.take([queue(20, 0, 0)], 2_000);
  assert.deepEqual(history.looks.map((look) => look.accepted), [10]);
});

test("a counter that began anew is no negative rate", () => {
  const history = new History();
  history.take([queue(500, 500, 5)], 0);
  history.take([queue(3, 1, 0)], 1_000);
  assert.deepEqual(history.now(), { accepted: 0, sent: 0, failed: 0 });
});

test("only the last looks are kept", () => {
  const history = new History();
  for (let look = 0; look <= 400; look++) history.take([queue(look, 0, 0)], look * 1_000);
  assert.equal(history.looks.length, 150);
  assert.equal(history.looks.at(-1)?.at, 400);
});
