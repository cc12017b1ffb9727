import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type OpenApi, type Operation, type Schema, operations, read } from "../src/docs/document.ts";
import { example } from "../src/docs/example.ts";
import { find, index } from "../src/docs/find.ts";
import { curl, fault, keyHeader, missing, prepared } from "../src/docs/request.ts";
import { indented } from "../src/docs/send.ts";

const document = JSON.parse(readFileSync("../../openapi.json", "utf8")) as OpenApi;
const reference = read(document);
const all = operations(reference);
const named = (id: string): Operation => all.find((operation) => operation.id === id)!;

test("every operation of the document is in a group, once, under its own name", () => {
  const written = Object.values(document.paths).flatMap((item) => Object.values(item).map((raw) => raw.operationId));
  assert.deepEqual(all.map(({ id }) => id).sort(), written.sort());
  assert.ok(all.every(({ group }) => group !== ""));
});

test("no operation has the address of another page", () => {
  assert.deepEqual(all.filter(({ id }) => ["schemas", "errors"].includes(id)), []);
});

test("operations are found by path, by word without accents, and by field; the best come first", () => {
  const entries = index(reference);
  assert.equal(find(entries, "").length, all.length);
  assert.equal(find(entries, "queues pause")[0]?.id, "pauseQueue");
  assert.equal(find(entries, "PÁUSE quéues")[0]?.id, "pauseQueue");
  assert.ok(find(entries, "scopes").some(({ id }) => id === "createKey"));
  assert.equal(find(entries, "campaigns")[0]?.group, "campaigns");
  assert.deepEqual(find(entries, "qwertz"), []);
});

test("what each code of a problem means is said, in both languages, and nothing is said of others", () => {
  for (const language of ["en", "es"]) {
    const texts = JSON.parse(readFileSync(`locales/docs/${language}.json`, "utf8")) as Record<string, string>;
    const said = Object.keys(texts).filter((name) => name.startsWith("code.")).map((name) => name.slice("code.".length));
    assert.deepEqual(said.sort(), reference.codes.map(({ name }) => name).sort());
  }
});

/** What is wrong with a value for a schema; only what examples are made of is looked at. */
function wrong(value: unknown, schema: Schema, where: string): string[] {
  const whole = schema.$ref ? { ...reference.schemas[schema.$ref.split("/").at(-1)!], ...schema } : schema;
  const parts = whole.allOf ?? [];
  const several = whole.oneOf ?? whole.anyOf;
  if (several) {
    const tries = several.map((one) => wrong(value, one, where));
    return tries.some((found) => found.length === 0) ? [] : [...(tries[0] ?? []), `${where} is none of ${several.length}`];
  }
  const object = typeof value === "object" && value !== null && !Array.isArray(value);
  const lacking = object ? (whole.required ?? []).filter((name) => !(name in value)).map((name) => `${where} lacks ${name}`) : [];
  const inner = object ? Object.entries(whole.properties ?? {}).filter(([name]) => name in value) : [];
  const items = Array.isArray(value) && whole.items ? value.flatMap((item, at) => wrong(item, whole.items!, `${where}[${at}]`)) : [];
  const kind = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  const kinds = [whole.type].flat().map((one) => (one === "integer" ? "number" : one));
  const off = whole.type !== undefined && !kinds.includes(kind) ? [`${where} is ${kind} and not ${kinds.join(" or ")}`] : [];
  return [
    ...off,
    ...lacking,
    ...items,
    ...inner.flatMap(([name, field]) => wrong((value as Record<string, unknown>)[name], field, `${where}.${name}`)),
    ...parts.flatMap((part) => wrong(value, part, where)),
  ];
}

test("examples of every body and every answer fit their schemas", () => {
  const found = all.flatMap((operation) => [
    ...operation.bodies.flatMap(({ schema }) => wrong(example(schema, reference.schemas, "needed"), schema, operation.id)),
    ...operation.answers
      .flatMap(({ content }) => content)
      .filter(({ kind }) => kind.endsWith("json"))
      .flatMap(({ schema }) => wrong(example(schema, reference.schemas, "all"), schema, operation.id)),
  ]);
  assert.deepEqual(found, []);
});

test("a schema that holds itself has an end", () => {
  const schemas = { Node: { type: "object", properties: { next: { $ref: "#/components/schemas/Node" } } } };
  assert.deepEqual(example({ $ref: "#/components/schemas/Node" }, schemas, "all"), { next: {} });
});

test("what was filled in gets to its place, escaped", () => {
  const call = prepared(named("listJobs"), {
    values: { "path:queue": "a/b c", "query:state": " dead ", "query:q": "", "query:limit": "5" },
    body: "",
    kind: "",
  });
  assert.equal(call.path, "/api/queues/a%2Fb%20c/jobs?state=dead&limit=5");
  assert.deepEqual(missing(named("listJobs"), { "path:queue": " " }), ["path:queue"]);
  assert.deepEqual(missing(named("listJobs"), { "path:queue": "meta" }), []);
});

test("the call for curl can be pasted into a shell, whatever quotes it holds", () => {
  const operation = named("createKey");
  const filled = { values: { "header:Idempotency-Key": "it's" }, body: `{"name":"Ana's"}`, kind: "application/json" };
  assert.equal(
    curl(operation, prepared(operation, filled), "http://127.0.0.1:8080"),
    `curl -X POST 'http://127.0.0.1:8080/api/keys' \\
  -H "Authorization: Bearer $CAUCE_KEY" \\
  -H 'Idempotency-Key: it'\\''s' \\
  -H 'Content-Type: application/json' \\
  --data-binary '{"name":"Ana'\\''s"}'`,
  );
  const stream = named("streamTrackingEvents");
  assert.match(curl(stream, prepared(stream, { values: {}, body: "", kind: "" }), ""), /^curl -N /);
});

test("a public write key goes where such keys go", () => {
  assert.deepEqual(keyHeader("cw_1"), ["X-Write-Key", "cw_1"]);
  assert.deepEqual(keyHeader("ck_live_1"), ["Authorization", "Bearer ck_live_1"]);
});

test("a body that is no JSON is refused before it is sent", () => {
  assert.match(fault("application/json", "{") ?? "", /JSON|property/);
  assert.equal(fault("application/json", "{}"), undefined);
  assert.equal(fault("text/csv", "{"), undefined);
});

test("JSON is indented without reading its numbers", () => {
  const text = '{"id":9007199254740993,"a":[],"b":{},"c":[1,"x, {y}: \\"z\\""]}';
  assert.equal(indented(text), '{\n  "id": 9007199254740993,\n  "a": [],\n  "b": {},\n  "c": [\n    1,\n    "x, {y}: \\"z\\""\n  ]\n}');
  assert.equal(indented(indented(text)), indented(text));
});
