import assert from "node:assert/strict";
import { test } from "node:test";
import { DROPPED_METADATA, MAX_METADATA_CHARS, metadataJson } from "../src/json.js";

const half = "\ud83d";

for (const [name, given, json] of [
  ["an object is taken as it is", { a: [1, null], b: "é👍" }, '{"a":[1,null],"b":"é👍"}'],
  ["nothing is an empty object", undefined, "{}"],
  ["what is no object is put into one", [1], '{"value":[1]}'],
  ["half a character is replaced", { a: `${half}x${half}` }, '{"a":"\ufffdx\ufffd"}'],
  ["a written-out escape is left alone", { a: "\\ud83d" }, '{"a":"\\\\ud83d"}'],
  ["an escaped backslash before half a character too", { a: `\\${half}` }, '{"a":"\\\\\ufffd"}'],
  ["other escapes are left alone", { a: '"\\\n\u0001' }, '{"a":"\\"\\\\\\n\\u0001"}'],
  ["what JSON cannot write is dropped", { a: 1n }, DROPPED_METADATA],
  ["a function is dropped", () => 1, DROPPED_METADATA],
  ["what is too long is dropped", { a: "x".repeat(MAX_METADATA_CHARS) }, DROPPED_METADATA],
] as [string, unknown, string][]) {
  test(name, () => assert.equal(metadataJson(given), json));
}
