// What stands in a form that was not sent: kept for as long as the tab is there, so that signing in
// anew, going to another page or a reload loses nothing. It is of the key that it was written with, and
// goes when one signs out.

import { useEffect, useState } from "preact/hooks";
import { keep, kept } from "./kept.ts";
import { who } from "./session.ts";

/** What changes: some fields, or what becomes of them as they are by then. */
export type Change<T> = Partial<T> | ((now: T) => Partial<T>);

export interface Unfinished<T> {
  value: T;
  /** What it began from, which may be of before a reload. */
  of: string;
  /** Whether it is from before. */
  isFromBefore: boolean;
  change(change: Change<T>): void;
  /** Forgets it: it was sent, or is not wanted. */
  forget(back?: T): void;
}

/** `of` names the version of what is changed; what is from before keeps the one that it began from. */
export function useUnfinished<T extends object>(name: string, first: T, of = ""): Unfinished<T> {
  const key = `${who.value?.id}:${name}`;
  const [before] = useState(() => kept<T>(key));
  const [value, set] = useState<T>({ ...first, ...before?.value });
  const [began, setBegan] = useState(before?.of ?? of);
  const [isFromBefore, setFromBefore] = useState(before !== null);
  const [isChanged, setChanged] = useState(false);
  useEffect(() => {
    if (isChanged) keep(key, { value, of: began });
  }, [isChanged, key, value, began]);
  return {
    value,
    of: began,
    isFromBefore,
    change: (change) => {
      setChanged(true);
      set((now) => ({ ...now, ...(typeof change === "function" ? change(now) : change) }));
    },
    forget: (back) => {
      setChanged(false);
      setFromBefore(false);
      setBegan(of);
      keep(key, null);
      if (back) set(back);
    },
  };
}
