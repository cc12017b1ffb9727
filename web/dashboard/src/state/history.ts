// What flowed while somebody looked: rates from the difference between two looks at the counters.

import type { Queue } from "../api/schema.ts";

/** So many looks are kept: at one each two seconds, five minutes. */
const MAX_LOOKS = 150;

export interface Look {
  /** Seconds since the epoch. */
  at: number;
  accepted: number;
  sent: number;
  failed: number;
}

interface Sums {
  at: number;
  accepted: number;
  sent: number;
  failed: number;
}

export class History {
  private last: Sums | undefined;
  readonly looks: Look[] = [];

  /** Takes what the queues say now. */
  take(queues: Queue[], nowMs: number): void {
    const sums: Sums = { at: nowMs / 1_000, accepted: 0, sent: 0, failed: 0 };
    for (const { counts } of queues) {
      sums.accepted += counts.accepted;
      sums.sent += counts.completed;
      sums.failed += counts.dead + counts.expired;
    }
    const before = this.last;
    this.last = sums;
    if (!before) return;
    const seconds = sums.at - before.at;
    if (seconds < 0.2) {
      this.last = before;
      return;
    }
    // A counter that went back began anew with the server.
    const rate = (name: "accepted" | "sent" | "failed"): number => Math.max(0, sums[name] - before[name]) / seconds;
    this.looks.push({ at: sums.at, accepted: rate("accepted"), sent: rate("sent"), failed: rate("failed") });
    if (this.looks.length > MAX_LOOKS) this.looks.shift();
  }

  /** The rates of now: the mean of the last few looks. */
  now(): Omit<Look, "at"> | undefined {
    const recent = this.looks.slice(-3);
    if (recent.length === 0) return undefined;
    const mean = (name: "accepted" | "sent" | "failed"): number =>
      recent.reduce((sum, look) => sum + look[name], 0) / recent.length;
    return { accepted: mean("accepted"), sent: mean("sent"), failed: mean("failed") };
  }
}
