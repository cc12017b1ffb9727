// A button that tries whether something works, and says how that went.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { inWords } from "../api/words.ts";
import { t } from "../i18n.ts";
import { may } from "../state/session.ts";
import { say } from "./toasts.tsx";

/** Nothing where the key does not allow it. */
export function TestButton({ run }: { run(): Promise<void> }): JSX.Element | null {
  const [busy, setBusy] = useState(false);
  if (!may("manage")) return null;
  const test = async (): Promise<void> => {
    setBusy(true);
    try {
      await run();
    } catch (error) {
      say(inWords(error), { bad: true });
    }
    setBusy(false);
  };
  return (
    <button type="button" class="small" disabled={busy} onClick={() => void test()}>
      {busy ? t("destinations.testing") : t("destinations.test")}
    </button>
  );
}
