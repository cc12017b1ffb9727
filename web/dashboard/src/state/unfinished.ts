// What stands in a form that was not sent: kept for as long as the tab is there, so that signing in
// anew, going to another page or a reload loses nothing.

import { useEffect, useState } from "preact/hooks";

export interface Unfinished<T> {
  value: T;
  /** Whether it is from before. */
  isFromBefore: boolean;
  change(change: Partial<T>): void;
  /** Forgets it: it was sent, or is not wanted. */
  forget(back?: T): void;
}

export function useUnfinished<T extends object>(name: string, first: T): Unfinished<T> {
  const [before] = useState(() => kept<T>(name));
  const [value, set] = useState<T>({ ...first, ...before });
  const [isFromBefore, setFromBefore] = useState(before !== null);
  const [isChanged, setChanged] = useState(false);
  useEffect(() => {
    if (isChanged) keep(name, value);
  }, [isChanged, name, value]);
  return {
    value,
    isFromBefore,
    change: (change) => {
      setChanged(true);
      set((now) => ({ ...now, ...change }));
    },
    forget: (back) => {
      setChanged(false);
      setFromBefore(false);
      keep(name, null);
      if (back) set(back);
    },
  };
}

function kept<T>(name: string): T | null {
  try {
    return JSON.parse(sessionStorage.getItem(`unfinished:${name}`) ?? "null") as T | null;
  } catch {
    return null;
  }
}

function keep(name: string, value: unknown): void {
  try {
    if (value === null) sessionStorage.removeItem(`unfinished:${name}`);
    else sessionStorage.setItem(`unfinished:${name}`, JSON.stringify(value));
  } catch {
    // Without storage it lasts as long as the page.
  }
}
