// Texts of the reference, in a catalogue of its own, so that the dashboard does not load them.

import en from "../../locales/docs/en.json";
import es from "../../locales/docs/es.json";
import { type Language, language } from "../state/preferences.ts";

export type DocsText = keyof typeof en;

const TEXTS: Record<Language, Record<DocsText, string>> = { en, es };

/** A text of the reference, with values in place of `{name}`. */
export function d(text: DocsText, values: Record<string, string | number> = {}): string {
  return TEXTS[language.value][text].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** What a code of a problem means; its name where the catalogue does not say. */
export function meaning(code: string): string {
  const text = `code.${code}`;
  return text in en ? d(text as DocsText) : code;
}
