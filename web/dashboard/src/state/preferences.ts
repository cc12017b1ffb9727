// Language and theme: what the browser wishes, or what was chosen here.

import { effect, signal } from "@preact/signals";

export type Language = "en" | "es";
export type Theme = "system" | "light" | "dark";

export const language = signal<Language>(chosen("language", ["en", "es"]) ?? wished());
export const theme = signal<Theme>(chosen("theme", ["system", "light", "dark"]) ?? "system");

effect(() => {
  document.documentElement.lang = language.value;
  keep("language", language.value);
});
effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
  keep("theme", theme.value);
});

function wished(): Language {
  return navigator.languages.find((tag) => /^(en|es)\b/i.test(tag))?.slice(0, 2).toLowerCase() === "es" ? "es" : "en";
}

function chosen<T extends string>(name: string, of: T[]): T | undefined {
  try {
    return of.find((value) => value === localStorage.getItem(name));
  } catch {
    return undefined;
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}
