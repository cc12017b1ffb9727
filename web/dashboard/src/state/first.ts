// What the server has answered already: into the page itself it writes who is signed in, and the figures
// that the page asks for first. So the page is drawn once, with its figures, and waits for no answer.

import { path } from "./route.ts";

/** After so long what stands there is of yesterday for a page that is come to only then. */
const LASTS_MS = 10_000;

let answers = read();
setTimeout(forget, LASTS_MS);
const begun = path.value;
path.subscribe((now) => void (now === begun || forget()));

/** The answer to a GET, if it came with the page and nothing has happened since. */
export function first<T>(path: string | null): T | undefined {
  return path === null ? undefined : (answers[path] as T | undefined);
}

/** Something was changed here, or another page was gone to. */
export function forget(): void {
  answers = {};
}

function read(): Record<string, unknown> {
  const told = document.getElementById("first");
  told?.remove();
  return told ? (JSON.parse(told.textContent ?? "") as Record<string, unknown>) : {};
}
