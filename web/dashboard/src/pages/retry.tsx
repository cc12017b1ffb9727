// Puts dead letters back in line: says how many that would be before anything is done, and lets one
// choose how fast they shall go.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure, call } from "../api/client.ts";
import { useOnce } from "../api/once.ts";
import type { Replayed } from "../api/schema.ts";
import { number } from "../format.ts";
import { counted, t } from "../i18n.ts";
import { Failed } from "../ui/answered.tsx";
import { Field } from "../ui/basics.tsx";
import { Ask } from "../ui/dialog.tsx";
import { done } from "../ui/toasts.tsx";

interface Props {
  path: string;
  title: string;
  /** Which of them. */
  body: object;
  /** How many were shown where that was asked; more may have the same words in their reason. */
  shown?: number | undefined;
  /** Whether those that may have been delivered can be chosen, too. */
  mayUnknown?: boolean;
  onClose(): void;
  onDone(): void;
}

export function Retry({ path, title, body: which, shown, mayUnknown = false, onClose, onDone }: Props): JSX.Element {
  const [perSecond, setPerSecond] = useState("");
  const [unknown, setUnknown] = useState(false);
  const body = { ...which, ...(mayUnknown && { unknown }) };
  const { count, failure } = useCount(path, body);
  const once = useOnce();
  const run = async (): Promise<void> => {
    const throttle = perSecond ? { perSecond: Number(perSecond) } : {};
    const all = { ...body, ...throttle };
    const told = await call<Replayed>(path, { method: "POST", body: all, once: once(all) });
    await done(counted("dead.retried", told.count), async () => undefined);
    onDone();
  };
  return (
    <Ask title={title} confirm={t("dead.retry")} isReady={count !== undefined && count > 0} onClose={onClose} run={run}>
      {failure && <Failed failure={failure} />}
      <p aria-live="polite">{count !== undefined ? counted("dead.willRetry", count) : !failure && t("dead.counting")}</p>
      {shown !== undefined && count !== undefined && count > shown && !unknown && <p class="careful">{t("dead.moreThanShown", { n: number(shown) })}</p>}
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

interface Count {
  count?: number;
  failure?: Failure;
}

function useCount(path: string, body: object): Count {
  const [found, set] = useState<Count & { of: string }>();
  const of = JSON.stringify(body);
  useEffect(() => {
    call<Replayed>(path, { method: "POST", body: { ...body, dryRun: true } }).then(
      ({ count }) => set({ of, count }),
      (failure: unknown) => failure instanceof Failure && set({ of, failure }),
    );
  }, [path, of]);
  return found?.of === of ? found : {};
}
