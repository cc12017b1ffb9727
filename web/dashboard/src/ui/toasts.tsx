// Short messages about what was done, with a way to undo it where there is one.

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { inWords } from "../api/words.ts";
import { t } from "../i18n.ts";
import { refresh } from "../state/poll.ts";

interface Toast {
  id: number;
  text: string;
  bad: boolean;
  undo?: (() => Promise<unknown>) | undefined;
}

const LASTS_MS = 10_000;
/** What can be undone stays for as long as it takes to think about it. */
const UNDO_LASTS_MS = 30_000;
const toasts = signal<Toast[]>([]);
/** Where they can be shown, the newest last: what is behind an open dialog can be neither seen nor pressed. */
const places = signal<object[]>([]);
let count = 0;

export function say(text: string, { bad = false, undo }: { bad?: boolean; undo?: () => Promise<unknown> } = {}): void {
  const id = ++count;
  toasts.value = [...toasts.value.slice(-3), { id, text, bad, undo }];
  setTimeout(() => drop(id), undo ? UNDO_LASTS_MS : LASTS_MS);
}

/** Does something and says how it went. */
export async function done(text: string, work: () => Promise<unknown>, undo?: () => Promise<unknown>): Promise<void> {
  await work();
  refresh();
  say(text, undo ? { undo } : {});
}

function drop(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export function Toasts(): JSX.Element {
  const [here] = useState(() => ({}));
  useLayoutEffect(() => {
    places.value = [...places.value, here];
    return () => void (places.value = places.value.filter((place) => place !== here));
  }, [here]);
  const shown = places.value.at(-1) === here ? toasts.value : [];
  const undo = async (toast: Toast): Promise<void> => {
    drop(toast.id);
    try {
      await toast.undo?.();
      refresh();
      say(t("toast.undone"));
    } catch (error) {
      say(inWords(error), { bad: true });
    }
  };
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map((toast) => (
        <div key={toast.id} class={toast.bad ? "toast bad" : "toast"}>
          <span>{toast.text}</span>
          {toast.undo && (
            <button type="button" onClick={() => void undo(toast)}>
              {t("action.undo")}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
