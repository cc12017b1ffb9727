// Puts dead letters back in line: says how many that would be before anything is done, and lets one
// choose how fast they shall go.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call } from "../api/client.ts";
import type { Replayed } from "../api/schema.ts";
import { counted, t } from "../i18n.ts";
import { Field } from "../ui/basics.tsx";
import { Ask, inWords } from "../ui/dialog.tsx";
import { done, say } from "../ui/toasts.tsx";

interface Props {
  path: string;
  title: string;
  /** Which of them. */
  body: object;
  /** Whether those that may have been delivered can be chosen, too. */
  mayUnknown?: boolean;
  onClose(): void;
  onDone(): void;
}

export function Retry({ path, title, body: which, mayUnknown = false, onClose, onDone }: Props): JSX.Element {
  const [perSecond, setPerSecond] = useState("");
  const [unknown, setUnknown] = useState(false);
  const body = { ...which, ...(mayUnknown && { unknown }) };
  const count = useCount(path, body);
  const run = async (): Promise<void> => {
    const throttle = perSecond ? { perSecond: Number(perSecond) } : {};
    const told = await call<Replayed>(path, { method: "POST", body: { ...body, ...throttle } });
    await done(counted("dead.retried", told.count), async () => undefined);
    onDone();
  };
  return (
    <Ask title={title} confirm={t("dead.retry")} onClose={onClose} run={run}>
      <p aria-live="polite">{count === undefined ? t("dead.counting") : counted("dead.willRetry", count)}</p>
      <Field label={t("dead.perSecond")} note={t("dead.perSecondNote")}>
        <input type="number" min={1} max={100_000} value={perSecond} onInput={(event) => setPerSecond(event.currentTarget.value)} />
      </Field>
      {mayUnknown && (
        <label class="inline">
          <input type="checkbox" checked={unknown} onChange={(event) => setUnknown(event.currentTarget.checked)} /> {t("dead.unknownToo")}
        </label>
      )}
    </Ask>
  );
}

function useCount(path: string, body: object): number | undefined {
  const [found, set] = useState<{ of: string; count: number } | undefined>();
  const of = JSON.stringify(body);
  useEffect(() => {
    call<Replayed>(path, { method: "POST", body: { ...body, dryRun: true } }).then(
      ({ count }) => set({ of, count }),
      (error: unknown) => say(inWords(error), { bad: true }),
    );
  }, [path, of]);
  return found?.of === of ? found.count : undefined;
}
