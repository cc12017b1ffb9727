// A deed that cannot be undone: it is asked about first, then done, and then said.

import type { JSX } from "preact";
import { Ask } from "./dialog.tsx";
import { done } from "./toasts.tsx";

export interface Deed {
  title: string;
  /** What it comes to. */
  note: string;
  confirm: string;
  /** What is said once it is done. */
  said: string;
  danger?: boolean;
  work(): Promise<unknown>;
}

export function Question({ deed, onClose }: { deed: Deed; onClose(): void }): JSX.Element {
  const { title, note, confirm, said, danger = false, work } = deed;
  const run = async (): Promise<void> => {
    await done(said, work);
    onClose();
  };
  return (
    <Ask danger={danger} title={title} confirm={confirm} onClose={onClose} run={run}>
      <p>{note}</p>
    </Ask>
  );
}
