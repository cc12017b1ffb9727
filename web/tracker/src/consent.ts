// Whether anything may be stored and sent.
//
//   ask -----> granted      granted: stored and sent
//    |           ^ |        ask:     kept in memory only
//    |           | v        denied:  nothing kept, what was stored is gone
//    +------> denied
//
// Do-Not-Track and Global Privacy Control are a "denied" that nothing overrides.

import { forgetAllBut, read, write } from "./storage.ts";

export type Consent = "granted" | "denied" | "ask";

const { doNotTrack, globalPrivacyControl } = navigator as Navigator & {
  globalPrivacyControl?: boolean;
};
const optedOut = doNotTrack === "1" || globalPrivacyControl;

let state: Consent;
let said: string | undefined;

/** The consent in force. */
export function consent(): Consent {
  return state;
}

/**
 * What the server is told: that the visitor has said yes, or the page for them. Silence is neither a
 * yes nor a no. Whoever has said anything else sends nothing.
 */
export function agreement(): object | undefined {
  return read("c") || said ? { analytics: true } : undefined;
}

/** What the page says, unless the visitor has decided before. A "denied" of either holds. */
export function openConsent(fromPage?: string): void {
  said = fromPage;
  const decided = read("c");
  if (optedOut || fromPage === "denied" || decided === "denied") deny();
  else state = fromPage === "ask" && !decided ? "ask" : "granted";
}

/** The visitor's decision. It is remembered: to be asked again on every page is no choice. */
export function decide(decision: "granted" | "denied"): void {
  if (optedOut) return;
  write("c", decision);
  if (decision === "denied") deny();
  else state = decision;
}

/** Leaves nothing but the decision. */
function deny(): void {
  state = "denied";
  forgetAllBut("c");
}
