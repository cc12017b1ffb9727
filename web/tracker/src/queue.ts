// Events that no server has taken yet.
//
// Each tab writes a queue of its own, one event a line, under a lease: a moment until which nobody
// else may touch it. A tab that goes gives its lease up, one that crashes lets it run out, and the
// next page takes over what is left. A lock held for as long as the tab lives would do the same,
// but keeps the page out of the browser's back-forward cache.
//
// Storage is the truth, not memory: a tab that slept through its lease finds its queue gone, and
// sends nothing twice. Where two tabs meet all the same, event ids make the repeat harmless.

import { fitting } from "./retry.ts";
import { forget, names, read, write } from "./storage.ts";
import { uuid } from "./uuid.ts";

export const MAX_EVENTS = 500;
const MAX_CHARS = 262_144;

/** Background tabs get a timer once a minute, so a lease outlives several of those. */
const LEASE_MS = 300_000;

const own = `q${uuid()}`;

/** What is not sent, by reason. The server is told once it takes events again. */
export const lost: Record<string, number> = {};

/** The events of this tab, oldest first. */
export function waiting(): string[] {
  return read(own).split("\n").slice(1);
}

/** Adds events. Where they are too many, the oldest make room. */
export function push(...events: string[]): void {
  const all = [...waiting(), ...events].reverse();
  const kept = fitting(all, MAX_EVENTS, MAX_CHARS);
  lose("queue_full", all.length - kept.length);
  save(kept.reverse());
}

export function remove(events: string[]): void {
  save(waiting().filter((event) => !events.includes(event)));
}

/** Lets other tabs have what is left, after so long. */
export function release(afterMs: number): void {
  save(waiting(), afterMs);
}

/** Takes over what tabs that are gone have left. Fails where there is no storage to look into. */
export async function adopt(): Promise<void> {
  // Keeps two tabs from taking over the same at once. There is no such lock on plain HTTP, where
  // the server may have to tell by the ids of the events.
  if (navigator.locks) {
    await navigator.locks.request("cauce", { ifAvailable: true }, (lock) => lock && adoptAll());
  } else adoptAll();
}

function adoptAll(): void {
  for (const name of names()) {
    if (name[0] !== "q" || name === own) continue;
    const [until, ...events] = read(name).split("\n");
    if (+until! > Date.now()) continue;
    save([...events, ...waiting()]);
    push();
    forget(name);
  }
}

export function lose(reason: "queue_full" | `http_${number}`, events: number): void {
  if (events) lost[reason] = (lost[reason] ?? 0) + events;
}

export function save(events: string[], leaseMs = LEASE_MS): void {
  if (events.length) write(own, [Date.now() + leaseMs, ...events].join("\n"));
  else forget(own);
}
