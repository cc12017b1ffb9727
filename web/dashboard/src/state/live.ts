// One stream of figures for the whole page. Where it is not there, pages ask by themselves as before.

import { useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import type { CampaignQueueStatus, Page_Queue, Queue } from "../api/schema.ts";
import { type Board, EMPTY, type Told, after } from "./board.ts";
import { connection } from "./session.ts";
import { type Polled, usePolled } from "./poll.ts";

/** At most four times in a second is anything drawn anew. */
const DRAW_EVERY_MS = 250;
/** When a stream that was refused is asked for again. */
const AGAIN_MS = 10_000;
const KINDS = ["snapshot", "queue", "campaign"];

/** The newest figures; none before the first, and none while the stream is away. */
const board = signal<Board | null>(null);

/** Follows the stream while the page is seen. Answers what ends that. */
export function follow(): () => void {
  let source: EventSource | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let drawing: ReturnType<typeof setTimeout> | undefined;
  let news: Told[] = [];
  const draw = (): void => {
    drawing = undefined;
    const told = news;
    news = [];
    // Before the first snapshot nobody knows what is missing.
    if (board.value || told.some(({ kind }) => kind === "snapshot")) board.value = after(board.value ?? EMPTY, told);
  };
  const close = (): void => {
    source?.close();
    source = undefined;
    clearTimeout(again);
    clearTimeout(drawing);
    drawing = undefined;
    news = [];
  };
  const open = (): void => {
    // What was told stays on the page until it is told anew.
    close();
    if (document.hidden) return;
    const opened = new EventSource("/api/stream");
    source = opened;
    opened.onopen = () => (connection.value = "there");
    for (const kind of KINDS) {
      opened.addEventListener(kind, (message) => {
        news.push({ kind, data: JSON.parse((message as MessageEvent<string>).data) as unknown });
        drawing ??= setTimeout(draw, DRAW_EVERY_MS);
      });
    }
    opened.onerror = () => {
      const isRefused = opened.readyState === EventSource.CLOSED;
      // What is missed meanwhile comes with the next snapshot; until then pages ask.
      clearTimeout(drawing);
      drawing = undefined;
      news = [];
      board.value = null;
      if (isRefused) again = setTimeout(open, AGAIN_MS);
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
