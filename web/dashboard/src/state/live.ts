// One stream of figures for the whole page. Where it is not there, pages ask by themselves as before.

import { useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { Failure, call } from "../api/client.ts";
import type { CampaignQueueStatus, Page_Alert, Page_Queue, Queue } from "../api/schema.ts";
import { type Board, EMPTY, type Told, after } from "./board.ts";
import { connection, signedOut } from "./session.ts";
import { type Polled, usePolled } from "./poll.ts";

/** At most four times in a second is anything drawn anew. */
const DRAW_EVERY_MS = 250;
/** When a stream that was refused is asked for again. */
const AGAIN_MS = 10_000;
/** A stream that says nothing for so long may hang: then the server is asked whether it is there. */
const SILENCE_MS = 5_000;
/** After so long a stream that says nothing is begun anew, also where the server answers. */
const MAX_SILENCE_MS = 60_000;
const KINDS = ["snapshot", "queue", "campaign", "alert", "tracking", "session"];

/** The newest figures; none before the first, and none while the stream is away. */
const board = signal<Board | null>(null);

/** Follows the stream while the page is seen. Answers what ends that. */
export function follow(): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let drawing: ReturnType<typeof setTimeout> | undefined;
  let isToldAll = false;
  let heardAt = 0;
  let news: Told[] = [];
  const draw = (): void => {
    drawing = undefined;
    const told = news;
    news = [];
    // Before the first snapshot nobody knows what is missing.
    if (board.value || told.some(({ kind }) => kind === "snapshot")) board.value = after(board.value ?? EMPTY, told);
  };
  const drop = (): void => {
    clearTimeout(drawing);
    drawing = undefined;
    news = [];
  };
  /** What is missed meanwhile comes with the next snapshot; until then pages ask. */
  const lose = (): void => {
    drop();
    board.value = null;
  };
  const close = (): void => {
    source?.close();
    source = undefined;
    isToldAll = false;
    clearTimeout(timer);
    drop();
  };
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void doubt(), SILENCE_MS);
  };
  const hear = (): void => {
    heardAt = performance.now();
    wait();
  };
  /** Nothing has come for a while: it may be that nothing happens, that the stream hangs, or that the server is gone. */
  const doubt = async (): Promise<void> => {
    const doubted = source;
    if (!isToldAll) lose();
    const isThere = await answers();
    if (source !== doubted || !doubted) return;
    if (!isThere) lose();
    if (isThere && performance.now() - heardAt < MAX_SILENCE_MS) wait();
    else open();
  };
  /** After it was refused. */
  const again = (): void => {
    clearTimeout(timer);
    timer = setTimeout(open, AGAIN_MS);
  };
  const open = (): void => {
    // What was told stays on the page until it is told anew.
    close();
    if (document.hidden) return;
    const opened = new EventSource("/api/stream");
    source = opened;
    hear();
    opened.onopen = () => (connection.value = "there");
    for (const kind of KINDS) {
      opened.addEventListener(kind, (message) => {
        hear();
        if (kind === "snapshot") isToldAll = true;
        news.push({ kind, data: JSON.parse((message as MessageEvent<string>).data) as unknown });
        drawing ??= setTimeout(draw, DRAW_EVERY_MS);
      });
    }
    opened.onerror = () => {
      lose();
      isToldAll = false;
      if (opened.readyState === EventSource.CLOSED) return again();
      // One that was cut off comes back by itself; where the server is gone, that is told.
      wait();
      void answers();
    };
  };
  document.addEventListener("visibilitychange", open);
  open();
  return () => {
    document.removeEventListener("visibilitychange", open);
    close();
    board.value = null;
  };
}

/** Whether the server is there; a sign-in that it does not know any more ends here, too. */
async function answers(): Promise<boolean> {
  try {
    await call("/api/session", { waitMs: SILENCE_MS });
  } catch (error) {
    if (error instanceof Failure && error.status === 401) signedOut(error.code);
    return error instanceof Failure && error.status !== 0;
  }
  return true;
}

/** What the stream says, or the answer of the API where it says nothing; what was known stays while neither does. */
function useEither<T>(path: string, told: T | null | undefined, everyMs?: number): Polled<T> {
  const known = useRef<{ path: string; data: T } | null>(null);
  const polled = usePolled<T>(told == null ? path : null, everyMs);
  if (told != null) known.current = { path, data: told };
  if (told != null) return { data: told, retry: polled.retry };
  const isAway = polled.data === undefined && (!polled.failure || polled.failure.status === 0);
  return isAway && known.current?.path === path ? { data: known.current.data, retry: polled.retry } : polled;
}

export function useQueues(): Polled<Page_Queue> {
  return useEither<Page_Queue>("/api/queues", board.value && { items: board.value.queues, nextCursor: null });
}

export function useQueue(name: string): Polled<Queue> {
  return useEither<Queue>(`/api/queues/${encodeURIComponent(name)}`, board.value?.queues.find((queue) => queue.name === name));
}

/** How a campaign does; the stream tells of those that are under way. */
export function useCampaign(id: string, everyMs: number): Polled<CampaignQueueStatus> {
  const status = board.value?.campaigns.get(id);
  return useEither<CampaignQueueStatus>(`/api/campaigns/${encodeURIComponent(id)}/queue-status`, status && { success: true, status }, everyMs);
}

/** Alerts that fire. */
export function useFiring(): Polled<Page_Alert> {
  return useEither<Page_Alert>("/api/alerts?state=firing&limit=100", board.value && { items: board.value.alerts, nextCursor: null }, 5_000);
}
