// What this tab keeps of forms that were not sent.

export interface Kept<T> {
  value: T;
  of: string;
}

const PREFIX = "unfinished:";

export function kept<T>(key: string): Kept<T> | null {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + key) ?? "null") as Kept<T> | null;
  } catch {
    return null;
  }
}

export function keep<T>(key: string, what: Kept<T> | null): void {
  try {
    if (what === null) sessionStorage.removeItem(PREFIX + key);
    else sessionStorage.setItem(PREFIX + key, JSON.stringify(what));
  } catch {
    // Without storage it lasts as long as the page.
  }
}

/** Whoever comes next finds nothing of what was written. */
export function forgetAll(): void {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  } catch {
    // Without storage nothing was kept.
  }
}
