// What can be done with a queue: pause, resume, drain, cancel what waits, clean what ended.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api/client.ts";
import type { Affected, Queue } from "../api/schema.ts";
import { inWords } from "../api/words.ts";
import { counted, t } from "../i18n.ts";
import { may } from "../state/session.ts";
import { Field } from "../ui/basics.tsx";
import { Ask } from "../ui/dialog.tsx";
import { done, say } from "../ui/toasts.tsx";

function post<T>(queue: string, action: string, body: object = {}): Promise<T> {
  return call<T>(`/api/queues/${encodeURIComponent(queue)}/${action}`, { method: "POST", body });
}

interface Props {
  queue: Queue;
  small?: boolean;
}

/** Pauses after a question, resumes at once; what is undone stands as it stood before. */
export function GateButton({ queue, small = false }: Props): JSX.Element | null {
  const [asked, ask] = useState<Queue | null>(null);
  if (!may("manage")) return null;
  const resume = async (): Promise<void> => {
    const back = queue.gate === "draining" ? "drain" : "pause";
    try {
      await done(t("queue.resumed", { queue: queue.name }), () => post(queue.name, "resume"), () => post(queue.name, back));
    } catch (error) {
      say(inWords(error), { bad: true });
    }
  };
  const size = small ? "small" : "";
  if (queue.gate !== "open") {
    return (
      <button type="button" class={size} onClick={() => void resume()}>
        {t("queue.resume")}
      </button>
    );
  }
  return (
    <>
      <button type="button" class={size} onClick={() => ask(queue)}>
        {t("queue.pause")}
      </button>
      {asked && (
        <Ask
          title={t("queue.pauseTitle", { queue: asked.name })}
          confirm={t("queue.pause")}
          onClose={() => ask(null)}
          run={async () => {
            await done(t("queue.paused", { queue: asked.name }), () => post(asked.name, "pause"), () => post(asked.name, "resume"));
            ask(null);
          }}
        >
          <p>{counted("queue.pauseNote", asked.pending)}</p>
        </Ask>
      )}
    </>
  );
}

type Question = "drain" | "cancel" | "clean";

export function QueueActions({ queue }: { queue: Queue }): JSX.Element | null {
  const [asked, ask] = useState<Question | null>(null);
  const [days, setDays] = useState("7");
  if (!may("manage")) return null;
  const run = async (): Promise<void> => {
    if (asked === "drain") {
      await done(t("queue.drained", { queue: queue.name }), () => post(queue.name, "drain"), () => post(queue.name, "resume"));
    } else if (asked === "cancel") {
      const { count } = await post<Affected>(queue.name, "cancel", { all: true });
      await done(counted("queue.cancelled", count), async () => undefined);
    } else {
      const before = new Date(Date.now() - Number(days) * 86_400_000).toISOString();
      const { count } = await post<Affected>(queue.name, "clean", { before });
      await done(counted("queue.cleaned", count), async () => undefined);
    }
    ask(null);
  };
  return (
    <>
      <GateButton queue={queue} />
      {queue.gate === "open" && (
        <button type="button" onClick={() => ask("drain")}>
          {t("queue.drain")}
        </button>
      )}
      <button type="button" onClick={() => ask("clean")}>
        {t("queue.clean")}
      </button>
      <button type="button" class="danger-quiet" onClick={() => ask("cancel")}>
        {t("queue.cancelAll")}
      </button>
      {asked && (
        <Ask
          title={t(`queue.${asked}Title`, { queue: queue.name })}
          confirm={t(`queue.${asked}Confirm`)}
          danger={asked === "cancel"}
          onClose={() => ask(null)}
          run={run}
        >
          <p>{counted(`queue.${asked}Note`, queue.pending)}</p>
          {asked === "clean" && (
            <Field label={t("queue.cleanDays")}>
              <input type="number" min={0} max={3650} required value={days} onInput={(event) => setDays(event.currentTarget.value)} />
            </Field>
          )}
        </Ask>
      )}
    </>
  );
}
