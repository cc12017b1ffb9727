import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

type Texts = Record<string, string>;
const texts = (language: string): Texts => JSON.parse(readFileSync(`locales/${language}.json`, "utf8")) as Texts;
const [en, es] = [texts("en"), texts("es")];
const holes = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort();
const forms = (text: string): number => text.split(" | ").length;

test("both languages have the same texts, in the same order", () => {
  assert.deepEqual(Object.keys(es), Object.keys(en));
  assert.deepEqual(Object.keys(en), Object.keys(en).sort((a, b) => (a < b ? -1 : 1)));
});

test("a text has the same values and as many forms in both languages", () => {
  for (const [name, text] of Object.entries(en)) {
    assert.deepEqual(holes(es[name]!), holes(text), name);
    assert.equal(forms(es[name]!), forms(text), name);
    assert.notEqual(es[name]!.trim(), "", name);
  }
});

test("every text is used, and none is used that is not there", () => {
  const source = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => readFileSync(`src/${name}`, "utf8"));
  const all = source.join("\n");
  const made = /`([a-z]+(?:\.[a-z]+)*)[.]\$\{/g;
  const groups = new Set([...all.matchAll(/word\("([a-zA-Z.]+)"/g), ...all.matchAll(made)].map((match) => `${match[1]!}.`));
  const used = (name: string): boolean => all.includes(`"${name}"`) || [...groups].some((group) => name.startsWith(group));
  assert.deepEqual(Object.keys(en).filter((name) => !used(name)), []);
});
