// Texts in the chosen language. Which texts there are is known to the compiler.

import en from "../locales/en.json";
import es from "../locales/es.json";
import { type Language, language } from "./state/preferences.ts";
import { decimal } from "./written.ts";

export type Text = keyof typeof en;
type Values = Record<string, string | number>;

const TEXTS: Record<Language, Record<Text, string>> = { en, es };

/** A text, with values in place of `{name}`. */
export function t(text: Text, values: Values = {}): string {
  return filled(TEXTS[language.value][text], values);
}

/** A text that depends on a number: `one | many`. */
export function counted(text: Text, n: number, values: Values = {}): string {
  const [one, many] = TEXTS[language.value][text].split(" | ");
  return filled((n === 1 ? one : many) ?? one ?? "", { n: decimal(language.value, n), ...values });
}

/** Whether there is such a text. */
export function has(key: string): key is Text {
  return Object.hasOwn(en, key);
}

/** The text for a word of the API (a state, a priority), or the word where there is none. */
export function word(group: string, name: string): string {
  const key = `${group}.${name}`;
  return has(key) ? t(key) : name;
}

function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
