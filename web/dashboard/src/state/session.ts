// Who is signed in, and whether the server is there.

import { signal } from "@preact/signals";
import { Failure, call } from "../api/client.ts";
import type { Key } from "../api/schema.ts";
import { first } from "./first.ts";
import { forgetAll } from "./kept.ts";

const SESSION = "/api/session";

/** The key that is signed in with; null for nobody; undefined until that is known. */
export const who = signal<Key | null | undefined>(undefined);
/** Why somebody has to sign in again: the code of the answer that said so; empty where nobody has to. */
export const ended = signal<string>("");
export const connection = signal<"there" | "lost">("there");

export async function lookWho(): Promise<void> {
  const told = first<Key>(SESSION);
  if (told) return void (who.value = told);
  try {
    who.value = await call<Key>(SESSION);
  } catch (error) {
    if (error instanceof Failure && error.status === 401) return void (who.value = null);
    connection.value = "lost";
    setTimeout(() => void lookWho(), 2_000);
  }
}

export async function signIn(key: string): Promise<void> {
  who.value = await call<Key>(SESSION, { method: "POST", body: { key } });
  ended.value = "";
}

/** What tabs of this browser tell each other; they share one session. */
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("session") : undefined;
if (tabs) tabs.onmessage = () => void (who.value && leave());

/** Ends the session, in the other tabs as well. */
export async function signOut(): Promise<void> {
  await call(SESSION, { method: "DELETE" });
  tabs?.postMessage("signed out");
  leave();
}

/** Whoever comes next finds nothing of the session in this tab. */
function leave(): void {
  forgetAll();
  location.assign("/");
}

/** The server does not know the sign-in any more. */
export function signedOut(code: string): void {
  if (!who.value) return;
  ended.value = code;
  who.value = null;
}

/** Whether the key allows this. */
export function may(scope: "read" | "manage" | "admin" | "ingest" | "send"): boolean {
  return who.value?.scopes.includes(scope) ?? false;
}
