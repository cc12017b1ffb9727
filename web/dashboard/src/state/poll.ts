// Figures that stay up to date: asked for again and again while somebody looks.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { Failure, call } from "../api/client.ts";
import { first, forget as forgetFirst } from "./first.ts";

const EVERY_MS = 2_000;
/** A question that takes long is asked so much less often, so that nobody's looking is what keeps a server busy. */
const REST = 10;

/** Raised when something was changed here, so that all figures are asked for at once. */
const changes = signal(0);

export function refresh(): void {
  forgetFirst();
  changes.value++;
}

export interface Polled<T> {
  data?: T | undefined;
  failure?: Failure | undefined;
  retry(): void;
}

/** The answer to a GET, kept up to date; nothing is asked for while the page is hidden. */
export function usePolled<T>(path: string | null, everyMs = EVERY_MS): Polled<T> {
  return useAsked(path, (signal) => call<T>(path!, { signal }), everyMs);
}

export interface Tried<T> {
  shown: Polled<T>;
  /** Why the text is not taken. */
  refusal: Failure | undefined;
}

/**
 * A list that is narrowed by a text which the server may refuse, as it does with a number that is only half
 * typed. Until it is taken, the list stays as it is without it.
 */
export function useTried<T>(name: string, text: string, pathOf: (text: string) => string, everyMs = EVERY_MS): Tried<T> {
  const tried = usePolled<T>(text ? pathOf(text) : null, everyMs);
  const isRefused = isAbout(tried.failure, name);
  const isTaken = text !== "" && !isRefused && Boolean(tried.data !== undefined || tried.failure);
  const whole = usePolled<T>(isTaken ? null : pathOf(""), everyMs);
  return { shown: isTaken ? tried : whole, refusal: isRefused ? tried.failure : undefined };
}

function isAbout(failure: Failure | undefined, name: string): boolean {
  return failure?.problem?.errors?.some(({ parameter }) => parameter === name) ?? false;
}

/** The answers to several GETs, in their order: all of them, or what went wrong with one. */
export function useAllPolled<T>(paths: string[], everyMs = EVERY_MS): Polled<T[]> {
  return useAsked(paths.join("\n"), (signal) => Promise.all(paths.map((path) => call<T>(path, { signal }))), everyMs);
}

interface State<T> {
  path: string | null;
  data?: T;
  failure?: Failure;
}

/** What the page knows before it has asked. */
function begun<T>(path: string | null): State<T> {
  const data = first<T>(path);
  return data === undefined ? { path } : { path, data };
}

/** What one question comes to, kept up to date. It is another one when its path is another; null asks nothing. */
export function useAsked<T>(path: string | null, question: (signal: AbortSignal) => Promise<T>, everyMs = EVERY_MS): Polled<T> {
  const [state, set] = useState<State<T>>(() => begun(path));
  const [tries, retry] = useState(0);
  const seen = useRef("");
  // What came with the page is as good as an answer of now.
  const isTold = useRef(state.data !== undefined);
  // Asked at once, and not only after the skeleton was painted.
  useLayoutEffect(() => {
    // What was asked for before is older than what is told meanwhile.
    if (path === null) return set({ path });
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking = false;
    // Something was changed while an answer was on its way, which may be of before that.
    let isStale = false;
    let isKnown = isTold.current;
    isTold.current = false;
    seen.current = isKnown ? JSON.stringify(state.data) : "";
    const ask = async (): Promise<void> => {
      clearTimeout(timer);
      if (stop.signal.aborted) return;
      isStale = asking;
      if (asking) return;
      asking = true;
      const began = performance.now();
      let restMs = everyMs;
      try {
        const data = await question(stop.signal);
        restMs = Math.max(everyMs, REST * (performance.now() - began));
        const text = JSON.stringify(data);
        if (text !== seen.current && !stop.signal.aborted) set({ path, data });
        seen.current = text;
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!(error instanceof Failure)) throw error;
        // What was known stays on the page while the server is away.
        if (error.status !== 0 || !seen.current) {
          seen.current = "";
          set({ path, failure: error });
        }
      } finally {
        asking = false;
        if (!document.hidden && !stop.signal.aborted) timer = setTimeout(() => void ask(), isStale ? 0 : restMs);
      }
    };
    const onSight = (): void => void (document.hidden || ask());
    if (isKnown) timer = setTimeout(() => void ask(), everyMs);
    const forget = changes.subscribe(() => {
      // It begins by saying how things stand.
      if (!isKnown) void ask();
      isKnown = false;
    });
    document.addEventListener("visibilitychange", onSight);
    return () => {
      stop.abort();
      clearTimeout(timer);
      forget();
      document.removeEventListener("visibilitychange", onSight);
    };
  }, [path, everyMs, tries]);
  const current = state.path === path ? state : { path };
  return { data: current.data, failure: current.failure, retry: () => retry(tries + 1) };
}
