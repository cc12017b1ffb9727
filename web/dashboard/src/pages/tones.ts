// Which states are good, which are not.

import type { Tone } from "../ui/basics.tsx";

const TONES: Record<string, Tone> = {
  open: "good",
  paused: "warn",
  draining: "warn",
  waiting: "plain",
  scheduled: "plain",
  active: "busy",
  completed: "good",
  dead: "bad",
  unknown: "warn",
  expired: "warn",
  cancelled: "plain",
  valid: "good",
  expiresSoon: "warn",
  invalid: "bad",
  disconnected: "warn",
  ok: "good",
  warning: "warn",
  degraded: "warn",
  failed: "bad",
  unavailable: "bad",
};

export function toneOf(state: string): Tone {
  return TONES[state] ?? "plain";
}

export function breakerTone(state: string): Tone {
  return state === "closed" ? "good" : state === "open" ? "bad" : "warn";
}
