// What the page can call: `cauce("track", …)` at any time, and `cauce.track(…)` once this is loaded.

import { consent } from "./consent.ts";
import { guarded } from "./guard.ts";
import { forgetIdentity } from "./identity.ts";
import { answer, record } from "./record.ts";

const methods = {
  /** Records an event of any type, with an object of your own. */
  track: guarded(record),
  /** Takes the visitor's decision; answers the consent in force. */
  consent: guarded((decision?: unknown) => {
    if (decision === "granted" || decision === "denied") answer(decision);
    return consent();
  }),
  /** Makes a new visitor of whoever comes next, as after a log-out on a shared machine. */
  reset: guarded(forgetIdentity),
};

/** `cauce` itself; until this is loaded, a stub that keeps the calls in `q`. */
interface Global {
  (name: keyof typeof methods, ...args: unknown[]): unknown;
  track?: unknown;
  q?: Parameters<Global>[];
}

declare global {
  interface Window {
    cauce?: Global;
  }
}

/** Puts `cauce` onto the page, and makes up for calls that came before. */
export function openApi(): void {
  const early = window.cauce?.q ?? [];
  const call = guarded((name: keyof typeof methods, ...args: unknown[]) =>
    (methods[name] as (...args: unknown[]) => unknown)(...args),
  );
  window.cauce = Object.assign(call, methods);
  for (const args of early) call(...args);
}
