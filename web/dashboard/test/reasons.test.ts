import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { partsOf, textOf } from "../src/pages/reason_table.ts";

test("codes of one meaning have one text, whichever destination says them", () => {
  const codes = ["webhook_http_422", "meta_http_401", "tiktok_http_429", "evolution_http_503", "dns", "reset", "whatsapp_131026", "twilio_63024", "superseded"];
  assert.deepEqual(codes.map(textOf), [
    "reason.refused",
    "reason.credentials",
    "reason.tooMany",
    "reason.trouble",
    "reason.notReached",
    "reason.noAnswer",
    "reason.noWhatsapp",
    "reason.noWhatsapp",
    "reason.superseded",
  ]);
});

test("what the server knows more of, or what is not known here, keeps the server's words", () => {
  const codes = ["", "whatsapp_131999", "whatsapp_http_400", "evolution_http_404", "too_old", "meta_2804003", "not_reset"];
  assert.deepEqual(codes.filter(textOf), []);
});

test("every text that a code leads to is there", () => {
  const texts = JSON.parse(readFileSync("locales/en.json", "utf8")) as Record<string, string>;
  const named = readFileSync("src/pages/reason_table.ts", "utf8").match(/"reason\.\w+"/g) ?? [];
  assert.ok(named.length > 20);
  assert.deepEqual(named.filter((name) => !(JSON.parse(name) as string in texts)), []);
});

test("a reason in one line comes apart into its code and its sentence", () => {
  assert.deepEqual(partsOf("webhook_http_422: the endpoint: no"), { code: "webhook_http_422", detail: "the endpoint: no" });
  assert.deepEqual(partsOf("not checked yet"), { code: "", detail: "not checked yet" });
});
