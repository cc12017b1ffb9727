// localStorage where the browser allows it, else memory: pages in a sandbox, private windows and
// full disks take nothing, and the tracker works there all the same until the page goes.

import { guarded } from "./guard.ts";

const memory = new Map<string, string>();
let prefix = "cauce.";

/** Keeps apart what several sites on one origin store. */
export function openStorage(site?: string): void {
  prefix = `cauce.${site}.`;
}

const onDisk = guarded((name: string) => localStorage.getItem(prefix + name));

export function read(name: string): string {
  return memory.get(name) ?? onDisk(name) ?? "";
}

export function write(name: string, value: string): void {
  try {
    localStorage.setItem(prefix + name, value);
    memory.delete(name);
  } catch {
    memory.set(name, value);
  }
}

export const forget = guarded((name: string) => {
  memory.delete(name);
  localStorage.removeItem(prefix + name);
});

export function forgetAllBut(kept: string): void {
  memory.clear();
  names().forEach((name) => name === kept || forget(name));
}

/** The names of everything that is kept on disk. */
export function names(): string[] {
  return (keys() ?? [])
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
}

const keys = guarded(() => Object.keys(localStorage));
