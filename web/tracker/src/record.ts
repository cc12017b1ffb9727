// What happens on the page becomes events, as far as consent goes.

import { consent, decide } from "./consent.ts";
import { type Happening, eventJson, eventType } from "./event.ts";
import { metadataJson } from "./json.ts";
import { MAX_EVENTS, lose, push } from "./queue.ts";
import { wake } from "./transport.ts";

/** What happened while the visitor had not yet answered. In memory only. */
let undecided: Happening[] = [];

export function record(type: unknown, metadata?: unknown): void {
  if (undecided.length === MAX_EVENTS) {
    undecided.shift();
    lose("queue_full", 1);
  }
  undecided.push({ type: eventType(type), metadata: metadataJson(metadata), at: Date.now() });
  settle();
}

/** The visitor has answered. */
export function answer(decision: "granted" | "denied"): void {
  decide(decision);
  settle();
}

function settle(): void {
  const state = consent();
  if (state === "ask") return;
  if (state === "granted") {
    push(...undecided.map(eventJson));
    wake();
  }
  undecided = [];
}
