// What the figures of a campaign come to.

import type { CampaignProgress, CampaignReason } from "../../api/schema.ts";
import type { Tone } from "../../ui/basics.tsx";
import type { Part } from "../../ui/progress.tsx";
import { word } from "../../i18n.ts";

export const STATES = ["draft", "scheduled", "queued", "sending", "paused", "stopped", "completed", "failed"];
/** In the order in which the bar shows them: best first. */
const PARTS: [string, Part["kind"]][] = [
  ["read", "good"],
  ["delivered", "accent"],
  ["sent", "soft"],
  ["unknown", "warn"],
  ["failed", "bad"],
  ["expired", "bad"],
  ["cancelled", "plain"],
];
const TONES: Record<string, Tone> = {
  draft: "plain",
  scheduled: "plain",
  queued: "busy",
  sending: "busy",
  paused: "warn",
  stopped: "warn",
  completed: "good",
  failed: "bad",
};
export const RECIPIENT_TONES: Record<string, Tone> = {
  queued: "plain",
  scheduled: "plain",
  sent: "busy",
  delivered: "good",
  read: "good",
  failed: "bad",
  unknown: "warn",
  expired: "warn",
  cancelled: "plain",
  skipped: "plain",
};

export function campaignTone(status: string): Tone {
  return TONES[status] ?? "plain";
}

/** Whether it can be changed, deleted and started. */
export function isOpen(status: string): boolean {
  return status === "draft" || status === "scheduled";
}

/** Whether it moves by itself, so that it is worth looking at often. */
export function isUnderWay(status: string): boolean {
  return status === "queued" || status === "sending" || status === "paused";
}

/** Why a campaign stands where it does. */
export function noteInWords({ code, detail }: CampaignReason): string {
  const text = word("campaignReason", code);
  return text === code ? detail : text;
}

/** Counts by name; what is no number counts as none. */
export function counts(of: Record<string, unknown> | null | undefined): [string, number][] {
  return Object.entries(of ?? {})
    .filter((pair): pair is [string, number] => typeof pair[1] === "number" && pair[1] > 0)
    .sort(([, a], [, b]) => b - a);
}

/** What became of the messages, for the bar; parts of which there are none are left out. */
export function partsOf(messages: Record<string, unknown>): Part[] {
  const by = new Map(counts(messages));
  return PARTS.filter(([state]) => by.has(state)).map(([state, kind]) => ({ label: word("messageState", state), count: by.get(state)!, kind }));
}

/** How much of a campaign is over, 0 to 1. */
export function shareOf({ progress, metrics }: CampaignProgress): number {
  if (progress.total === 0) return 0;
  const by = new Map(counts(metrics.messages));
  const over = PARTS.reduce((sum, [state]) => sum + (by.get(state) ?? 0), 0);
  return Math.min(1, over / progress.total);
}
