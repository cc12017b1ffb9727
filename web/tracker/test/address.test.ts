import assert from "node:assert/strict";
import { test } from "node:test";

// A page's address is what relative ones are relative to.
Object.assign(globalThis, { document: { baseURI: "https://shop.example/a/b" } });
const { cleanText, cleanUrl } = await import("../src/capture/address.js");

for (const [name, href, clean] of [
  ["a path stays", "/c", "https://shop.example/c"],
  ["a relative address is made whole", "c", "https://shop.example/a/c"],
  ["a fragment goes", "/c#d", "https://shop.example/c"],
  ["credentials go", "https://ana:secret@shop.example/c", "https://shop.example/c"],
  ["parameters go", "/c?token=1&q=ana", "https://shop.example/c"],
  ["those of campaigns stay", "/c?utm_source=x&token=1&fbclid=2", "https://shop.example/c?utm_source=x&fbclid=2"],
  ["those that look like them go", "/c?xgclid=1&gclidx=2&xutm_a=3", "https://shop.example/c"],
  ["an e-mail in one goes", "/c?utm_content=ana%40example.com", "https://shop.example/c"],
  ["an e-mail in a path goes", "/u/ana@example.com/x", "https://shop.example/u/*/x"],
  ["a written-out one too", "/u/ana%40example.com", "https://shop.example/u/*"],
  ["a user's name stays", "/@ana", "https://shop.example/@ana"],
  ["two slashes are no host", "https://shop.example//evil.example/x", "https://shop.example//evil.example/x"],
  ["a port stays", "http://shop.example:8080/", "http://shop.example:8080/"],
  ["an e-mail address is none of the web", "mailto:ana@example.com", undefined],
  ["nor is a script", "javascript:alert(1)", undefined],
  ["nor is nonsense", "http://", undefined],
] as const) {
  test(name, () => assert.equal(cleanUrl(href)?.href, clean));
}

test("a text is one line, cut, without e-mail addresses", () => {
  assert.equal(cleanText("  Hello\n\t <ana@example.com>,  bye ", 9), "Hello * b");
});
