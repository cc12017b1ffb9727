import assert from "node:assert/strict";
import { test } from "node:test";
import type { Campaign } from "../src/api/schema.ts";
import { blank, bodyOf, contentOf, filled, formOf, missing, newVariant } from "../src/pages/campaigns/form.ts";
import { drawn } from "../src/ui/drawn.ts";

const campaign = (more: Partial<Campaign>): Campaign =>
  ({ id: "camp_1", name: "Sale", sender: "wa", tenant: "shop", status: "draft", priority: "high", tags: ["vip"], createdAt: "", updatedAt: "", message: "Hola", ...more }) as Campaign;

const TEMPLATES: Record<string, unknown>[] = [
  { contentSid: "HX1" },
  { contentSid: "HX1", variables: { "1": "{{name|amigo}}", "2": "hoy" } },
  { name: "sale", language: "es" },
  { name: "sale", language: "es", components: [{ type: "body", parameters: [{ type: "text", text: "{{name}}" }] }] },
  { name: "sale", language: "es", components: [{ type: "header", parameters: [{ type: "image", image: { link: "x" } }] }] },
  { contentSid: "HX1", variables: { first: "a" } },
  { contentSid: "HX1", variables: { "1": "two\nlines" } },
];

test("what was saved comes back as it was, whatever it says", () => {
  for (const template of TEMPLATES) {
    const { message: _, ...rest } = campaign({ template });
    assert.deepEqual(bodyOf(formOf(rest as Campaign), false, false).template, template);
  }
  const variants = [{ name: "A", weight: 2, message: "Hola" }, { name: "B", weight: 1, template: TEMPLATES[3]! }];
  assert.deepEqual(bodyOf(formOf(campaign({ variants })), false, false).variants, variants);
});

test("a change takes away what is not meant any more, and a new campaign says nothing of it", () => {
  const before = campaign({ cost: 0.1, currency: "EUR", sendWindow: { from: "09:00", to: "21:00", timeZone: "Europe/Madrid" }, scheduledAt: "2030-01-01T10:00:00.000Z", late: "ask" });
  const form = formOf(before);
  const kept = bodyOf(form, false, false);
  assert.deepEqual([kept.cost, kept.currency, kept.sendWindow, kept.scheduledAt, kept.late], [0.1, "EUR", before.sendWindow, before.scheduledAt, "ask"]);
  const gone = bodyOf({ ...form, cost: "", currency: "", hasWindow: false, isTimed: false }, false, false);
  assert.deepEqual([gone.cost, gone.currency, gone.sendWindow, gone.scheduledAt, gone.late, gone.variants], [null, null, null, null, null, []]);
  assert.deepEqual(bodyOf({ ...blank(), name: " Sale ", sender: "shop/a/b" }, true, true), { tenant: "shop", name: "Sale", sender: "a/b", audience: { tags: [] }, priority: "normal" });
});

test("a text that was emptied is taken away, and what is said in its place takes its place", () => {
  const emptied = formOf(campaign({}));
  emptied.variants[0]!.text = "  ";
  const { message, template } = bodyOf(emptied, false, false);
  assert.deepEqual([message, template], [null, null]);
  assert.deepEqual(bodyOf(formOf(campaign({})), false, false).message, "Hola");
  const body = bodyOf(emptied, true, false);
  assert.equal("message" in body || "template" in body, false);
});

test("a campaign whose time is none can be edited", () => {
  assert.equal(formOf(campaign({ scheduledAt: "no time" })).at, "");
});

test("what is missing is named before anything is sent", () => {
  assert.deepEqual([...missing(blank())], ["name", "sender"]);
  const whole = { ...blank(), name: "x", sender: "shop/wa" };
  assert.deepEqual([...missing(whole)], []);
  assert.deepEqual([...missing({ ...whole, isTimed: true, at: "" })], ["at"]);
  assert.deepEqual([...missing({ ...whole, isTimed: true, at: "2020-01-01T10:00" })], ["at"]);
  const broken = { ...newVariant("A"), kind: "template" as const, json: "{" };
  assert.deepEqual([...missing({ ...whole, variants: [broken] })], ["json"]);
  assert.deepEqual([...missing({ ...whole, variants: [{ ...broken, json: "null" }] })], ["json"]);
  assert.deepEqual([...missing({ ...whole, variants: [newVariant("A"), broken] })], [], "what is not said may be anything");
});

test("places of a text are told from its words", () => {
  assert.deepEqual(filled("Hola {{name|amigo}}{{x}} {no}").map(({ text, isPlace }) => [text, isPlace]), [
    ["Hola ", false],
    ["{{name|amigo}}", true],
    ["{{x}}", true],
    [" {no}", false],
  ]);
  assert.equal(contentOf("x", null).kind, "text");
});

test("a long table draws what is seen, and its gaps stand for the rest", () => {
  for (const top of [0, 1, 500, 39_000, 1e9]) {
    const { from, to, above, below } = drawn(1_000, { top, height: 600, row: 40 });
    assert.ok(from >= 0 && to <= 1_000 && to - from <= 45 && to > from, `${top}: ${from} to ${to}`);
    assert.equal(above + (to - from) * 40 + below, 40_000);
    const shown = Math.min(top, 40_000 - 600);
    assert.ok(from * 40 <= shown && to * 40 >= shown + 600, `${top} is not covered`);
  }
});
