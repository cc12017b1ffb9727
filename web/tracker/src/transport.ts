// Gets events to the server: in batches, again after a failure, and at the last moment when the
// page goes.

import { agreement, consent } from "./consent.ts";
import { eventJson } from "./event.ts";
import { metadataJson } from "./json.ts";
import { adopt, lose, lost, release, remove, save, waiting } from "./queue.ts";
import { MAX_BATCH_CHARS, backoff, fitting, isPassing, retryAfter } from "./retry.ts";
import { read, write } from "./storage.ts";

const MAX_BATCH = 20;
const LINGER_MS = 3_000;
/** A request that hangs is given up, and sent again. */
const MAX_REQUEST_MS = 30_000;
/** How long others leave an unanswered request of a tab that went, before they send it again. */
const SETTLE_MS = 10_000;

let url: string;
let sender: object;
let maxBatch = MAX_BATCH;
let timer: ReturnType<typeof setTimeout> | undefined;
let sending: string[] = [];
let failures = 0;

export function openTransport(endpoint: string, key?: string, tenantId?: string, siteId?: string): void {
  // What is missing in the tag is refused by the server, whose answer says what it is.
  url = `${endpoint}/tracking-v2/events?partial=true&key=${key}`;
  sender = { tenantId, siteId };
}

/** There may be events: sends them once they fill a batch, or in a while. */
export function wake(): void {
  if (failures || waiting().length < maxBatch) timer ??= setTimeout(flush, LINGER_MS);
  else flush();
}

/** Sends what is waiting, unless the server has asked for patience. */
export function flush(): void {
  clearTimeout(timer);
  timer = undefined;
  if (sending.length || consent() !== "granted") return;
  const wait = askedToWait();
  if (wait > 0) timer = setTimeout(flush, wait);
  else adopt().then(send, send);
}

/** The page may go without another word: hands what is left to the browser, or to other pages. */
export function leave(): void {
  if (consent() !== "granted") return;
  // The browser does not say what becomes of a beacon, so nothing is entrusted to a network that
  // is known to fail.
  while (!failures && navigator.onLine && askedToWait() <= 0) {
    const batch = batchOf(waiting().filter((event) => !sending.includes(event)));
    if (!batch.length || !navigator.sendBeacon(url, body(batch))) break;
    remove(batch);
  }
  reportLost();
  release(sending.length && SETTLE_MS);
}

async function send(): Promise<void> {
  const batch = batchOf(waiting());
  if (sending.length || !batch.length) return;
  sending = batch;
  const answer = await post(batch).catch(() => undefined);
  sending = [];
  if (consent() !== "granted") return;
  settle(batch, answer);
  if (waiting().length) wake();
}

function settle(batch: string[], answer: Response | undefined): void {
  // No answer has none.
  const status = answer?.status as number;
  if (isPassing(status)) return postpone(retryAfter(answer?.headers.get("retry-after"), Date.now()));
  failures = 0;
  if (status === 413 && batch.length > 1) {
    maxBatch = batch.length >> 1;
    return;
  }
  remove(batch);
  if (status > 299) lose(`http_${status}`, batch.length);
  else reportLost();
}

/** What a server asks for holds for every page of the site; a backoff is of this page only. */
function postpone(asked: number): void {
  if (asked > 0) write("r", `${Date.now() + asked}`);
  clearTimeout(timer);
  timer = setTimeout(flush, asked > 0 ? asked : backoff(failures++, Math.random()));
}

/** How long a server still wants to be left alone. */
function askedToWait(): number {
  return +read("r") - Date.now();
}

/** Events that say what has not been sent, and why. */
function reportLost(): void {
  for (const reason of Object.keys(lost)) {
    const metadata = metadataJson({ reason, count: lost[reason] });
    delete lost[reason];
    // Past the limit, if need be: to make room for it would lose one more.
    save([...waiting(), eventJson({ type: "EVENTS_DROPPED", metadata, at: Date.now() })]);
  }
}

function batchOf(events: string[]): string[] {
  return fitting(events, maxBatch, MAX_BATCH_CHARS);
}

async function post(batch: string[]): Promise<Response> {
  return fetch(url, {
    method: "POST",
    body: body(batch),
    // Lets a request outlive the page, but other scripts may have used up what a page is allowed.
    keepalive: !failures,
    signal: AbortSignal.timeout?.(MAX_REQUEST_MS) as AbortSignal,
  });
}

/** A text, which browsers send as `text/plain`: anything else costs a preflight. */
function body(batch: string[]): string {
  const envelope = { ...sender, consent: agreement(), sentAt: new Date() };
  return `${metadataJson(envelope).slice(0, -1)},"events":[${batch}]}`;
}
