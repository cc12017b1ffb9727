import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { beforeEach, test } from "node:test";

// Node 18 has it as a module only.
globalThis.crypto ??= webcrypto as never;

/** As a browser's: what is stored are its own properties. */
class Disk {
  getItem(key: string): string | null {
    return (this as never as Record<string, string>)[key] ?? null;
  }
  setItem(key: string, value: string): void {
    (this as never as Record<string, string>)[key] = value;
  }
  removeItem(key: string): void {
    delete (this as never as Record<string, string>)[key];
  }
}
const disk = new Disk();
Object.assign(globalThis, { localStorage: disk });
Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
const { adopt, lost, push, release, remove, waiting } = await import("../src/queue.js");

beforeEach(() => {
  for (const key of Object.keys(disk)) disk.removeItem(key);
  for (const reason of Object.keys(lost)) delete lost[reason];
});

function ownLease(): number {
  return Number(Object.values(disk)[0].split("\n")[0]) - Date.now();
}

test("events wait in order until they are removed", () => {
  push("a", "b");
  push("c");
  remove(["b"]);
  assert.deepEqual(waiting(), ["a", "c"]);
  remove(["a", "c"]);
  assert.deepEqual(Object.keys(disk), []);
});

test("the oldest make room, and are counted", () => {
  push(...Array.from({ length: 502 }, (_, n) => `${n}`));
  assert.deepEqual([waiting().length, waiting()[0]], [500, "2"]);
  push("x".repeat(262_144 - 10));
  assert.deepEqual(waiting().slice(0, 2), ["500", "501"]);
  assert.deepEqual(lost, { queue_full: 500 });
});

test("a queue is leased by its tab, and given up when it goes", () => {
  push("a");
  assert.ok(ownLease() > 250_000 && ownLease() <= 300_000);
  release(10_000);
  assert.ok(ownLease() > 5_000 && ownLease() <= 10_000);
  assert.deepEqual(waiting(), ["a"]);
});

test("what is left is taken over before one's own, what is leased is not", async () => {
  disk.setItem("cauce.q1", "0\nold\nolder");
  disk.setItem("cauce.q2", `${Date.now() + 60_000}\nleased`);
  disk.setItem("cauce.v", "visitor");
  disk.setItem("other", "page's own");
  push("own");
  await adopt();
  assert.deepEqual(waiting(), ["old", "older", "own"]);
  assert.equal(disk.getItem("cauce.q1"), null);
  assert.deepEqual(Object.keys(disk).filter((key) => !key.startsWith("cauce.q")), ["cauce.v", "other"]);
});
