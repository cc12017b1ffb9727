// The document, and with which key calls are tried.

import { signal } from "@preact/signals";
import { Failure, call } from "../api/client.ts";
import type { Key } from "../api/schema.ts";
import { type Index, index } from "./find.ts";
import { type OpenApi, type Reference, read } from "./document.ts";

export type Loaded = { reference: Reference; index: Index } | { failure: Failure } | undefined;

export const loaded = signal<Loaded>(undefined);
/** Whose session the dashboard has; null where nobody is signed in. */
export const session = signal<Key | null>(null);
/** The key that was pasted. It is kept here and nowhere else: a page that is loaded anew has forgotten it. */
export const pasted = signal("");
/** What a call shows: the session, the pasted key, or nothing. */
export const shows = signal<"session" | "key" | "nothing">("key");

export async function load(): Promise<void> {
  loaded.value = undefined;
  try {
    const reference = read(await call<OpenApi>("/openapi.json"));
    loaded.value = { reference, index: index(reference) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    loaded.value = { failure: error };
  }
}

export async function lookForSession(): Promise<void> {
  try {
    session.value = await call<Key>("/api/session");
    if (!pasted.value) shows.value = "session";
  } catch {
    session.value = null;
  }
}
