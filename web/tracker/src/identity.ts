// Who: two random numbers that say nothing about anybody. The visitor's stays with the browser; the
// session's ends after half an hour without an event, and all tabs share it.

import { forget, read, write } from "./storage.ts";
import { uuid } from "./uuid.ts";

/** A session ends after so long without an event. */
const SESSION_MS = 30 * 60_000;

export function visitor(): string {
  const id = read("v") || uuid();
  write("v", id);
  return id;
}

export function session(now: number): string {
  const [id, last] = read("s").split(" ");
  const current = now - +last! < SESSION_MS ? id! : uuid();
  write("s", `${current} ${now}`);
  return current;
}

/** The next event is of somebody new. */
export function forgetIdentity(): void {
  forget("v");
  forget("s");
}

