import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

// Node 18 has it as a module only.
globalThis.crypto ??= webcrypto as never;
const { eventJson, eventType } = await import("../src/event.js");
const { uuid } = await import("../src/uuid.js");

test("types are in upper case and underscores", () => {
  assert.equal(eventType("add to-cart"), "ADD_TO_CART");
  assert.equal(eventType("PAGE_VIEW"), "PAGE_VIEW");
  assert.equal(eventType('x","y'), "X_Y");
  assert.equal(eventType("x".repeat(100)).length, 64);
});

test("an event is JSON, at its own time", () => {
  const event = JSON.parse(eventJson({ type: "A", metadata: '{"n":1}', at: 0 }));
  assert.deepEqual([event.eventType, event.metadata], ["A", { n: 1 }]);
  assert.equal(event.occurredAt, "1970-01-01T00:00:00.000Z");
});

test("ids are random, of version 4 and of the variant of RFC 9562", () => {
  const ids = Array.from({ length: 1_000 }, uuid);
  assert.equal(new Set(ids).size, 1_000);
  const versionAndVariant = new Set(ids.map((id) => id[14]! + id[19]!));
  assert.deepEqual([...versionAndVariant].sort(), ["48", "49", "4a", "4b"]);
  const digits = new Set(ids.map((id) => id[0]));
  assert.equal(digits.size, 16);
});
