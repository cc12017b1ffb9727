import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

type Texts = Record<string, string>;
interface Catalogue {
  of: string;
  folder: string;
  /** Whether a file is one that its texts are used in. */
  isUsedIn(path: string): boolean;
}

const CATALOGUES: Catalogue[] = [
  { of: "the dashboard", folder: "locales", isUsedIn: (path) => !path.startsWith("docs/") },
  { of: "the reference", folder: "locales/docs", isUsedIn: (path) => path.startsWith("docs/") },
];
const texts = ({ folder }: Catalogue, language: string): Texts => JSON.parse(readFileSync(`${folder}/${language}.json`, "utf8")) as Texts;
const holes = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort();
const forms = (text: string): number => text.split(" | ").length;

/** Whether the API has such a word: its document, or the code that says it. */
const CODE = readdirSync("../../crates", { recursive: true, encoding: "utf8" }).filter((path) => /^cauce-\w+\/src\/.*\.rs$/.test(path));
const api = [readFileSync("../../openapi.json", "utf8"), ...CODE.map((path) => readFileSync(`../../crates/${path}`, "utf8"))].join("\n");
const isWord = (word: string): boolean => api.includes(`"${word}"`) || api.includes(`\`${word}\``);

for (const catalogue of CATALOGUES) {
  const [en, es] = [texts(catalogue, "en"), texts(catalogue, "es")];

  test(`both languages of ${catalogue.of} have the same texts, in the same order`, () => {
    assert.deepEqual(Object.keys(es), Object.keys(en));
    assert.deepEqual(Object.keys(en), Object.keys(en).sort((a, b) => (a < b ? -1 : 1)));
  });

  test(`a text of ${catalogue.of} has the same values and as many forms in both languages`, () => {
    for (const [name, text] of Object.entries(en)) {
      assert.deepEqual(holes(es[name]!), holes(text), name);
      assert.equal(forms(es[name]!), forms(text), name);
      assert.notEqual(es[name]!.trim(), "", name);
    }
  });

  test(`every text of ${catalogue.of} is used`, () => {
    const source = readdirSync("src", { recursive: true, encoding: "utf8" })
      .filter((path) => /\.tsx?$/.test(path) && catalogue.isUsedIn(path))
      .map((path) => readFileSync(`src/${path}`, "utf8"));
    const all = source.join("\n");
    // What a template makes has one word in each of its places; what the API says has the words of the API.
    const made = [...all.matchAll(/`([a-z][\w.]*\.(?:[\w.]*\$\{[^}]*\})+[\w.]*)`/g)].map(([, text]) => new RegExp(`^${text!.replaceAll(".", "\\.").replace(/\$\{[^}]*\}/g, "\\w+")}$`));
    const groups = new Set([...all.matchAll(/word\("([a-zA-Z.]+)"/g)].map((match) => match[1]!));
    const said = (name: string): boolean => {
      const at = name.lastIndexOf(".");
      return groups.has(name.slice(0, at)) && isWord(name.slice(at + 1));
    };
    const used = (name: string): boolean => all.includes(`"${name}"`) || made.some((text) => text.test(name)) || said(name);
    assert.deepEqual(Object.keys(en).filter((name) => !used(name)), []);
  });
}
