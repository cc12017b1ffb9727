import assert from "node:assert/strict";
import { test } from "node:test";
import { attributesOf, linesOf, splitTags } from "../src/pages/contacts/fields.ts";

test("attributes that were not touched keep their kind, and those that are gone are taken away", () => {
  const before = { age: 31, member: true, city: "Jaén" };
  assert.deepEqual(attributesOf(linesOf(before), before), before);
  assert.deepEqual(attributesOf("age: 32\nnew: a: b\n\nbare", before), { age: "32", member: null, city: null, new: "a: b", bare: "" });
});

test("tags may be written with any of their separators", () => {
  assert.deepEqual(splitTags(" vip, june;; a|b "), ["vip", "june", "a", "b"]);
});
