import assert from "node:assert/strict";
import { test } from "node:test";
import { placeOf, sentences, told } from "../src/api/told.ts";

const detail = "correct the fields in `errors` and send the request again";

test("a problem that names no fault is told in its own sentence", () => {
  assert.equal(told({ detail: "the queue takes no new jobs" }), "the queue takes no new jobs");
  assert.equal(told({ detail, errors: [] }), detail);
});

test("a single fault is told alone", () => {
  assert.equal(told({ detail, errors: [{ pointer: "/name", detail: "give it 1 to 100 bytes" }] }), "give it 1 to 100 bytes");
});

test("of several faults each says what it is about", () => {
  const errors = [
    { pointer: "/phones/0", detail: "the country is missing" },
    { parameter: "tenant", detail: "missing." },
    { pointer: "", detail: "not an object" },
  ];
  assert.equal(told({ detail, errors }), "phones/0: the country is missing. tenant: missing. not an object");
});

test("places read as names, and sentences have one full stop between them", () => {
  assert.deepEqual([placeOf({ pointer: "/audience/tags" }), placeOf({ parameter: "limit" }), placeOf({})], ["audience/tags", "limit", ""]);
  assert.equal(sentences(["one.", "two"]), "one. two");
});
