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

test("a value of several lines, or with spaces around it, stays as it is unless it is changed", () => {
  const before = { address: "Calle 1\nJaén", code: " 7 ", absent: "undefined" };
  const lines = linesOf(before);
  assert.equal(lines.split("\n").length, 3);
  assert.deepEqual(attributesOf(lines, before), before);
  assert.deepEqual(attributesOf("address: Calle 2↵Lugo\nnew: undefined", before), { address: "Calle 2\nLugo", code: null, absent: null, new: "undefined" });
});

test("a known tag may hold what parts others", () => {
  assert.deepEqual(splitTags("a|b, vip, c;d", ["a|b", "x,y"]), ["a|b", "vip", "c", "d"]);
  assert.deepEqual(splitTags(["a|b", "x,y"].join(", "), ["a|b", "x,y"]), ["a|b", "x,y"]);
});
