// What goes into one request, and what its answer means. Nothing here touches the browser.

/**
 * Browsers hold back what a page has under way when it goes at 64 KiB. A UTF-16 unit is three bytes
 * at most on the wire, and the envelope needs some.
 */
export const MAX_BATCH_CHARS = 20_000;

const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;
/** No server keeps a tracker quiet for longer, whatever it asks for. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** The first events that fit; at least one, which is bounded where it is made. */
export function fitting(events: string[], maxEvents: number, maxChars: number): string[] {
  let chars = 0;
  return events.filter((event, at) => {
    chars += event.length + 1;
    return !at || (at < maxEvents && chars <= maxChars);
  });
}

/** Whether the same request may be taken later: no answer, too many, or the server's own fault. */
export function isPassing(status?: number): boolean {
  return !status || status === 429 || status > 499;
}

/** The wait before the next try; `draw` is in 0..1. */
export function backoff(failures: number, draw: number): number {
  return Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures) * (0.5 + draw / 2);
}

/**
 * The wait that a server asks for, in seconds or as a date (RFC 9110, 10.2.3); 0 or less where it
 * asks for none.
 */
export function retryAfter(header: string | null | undefined, now: number): number {
  return Math.min(+header! * 1_000 || Date.parse(header!) - now || 0, MAX_RETRY_AFTER_MS);
}
