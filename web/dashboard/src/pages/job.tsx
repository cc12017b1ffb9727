// One job: its way from arrival to its end, each attempt, and why it stands where it stands.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api/client.ts";
import type { JobDetail, Why } from "../api/schema.ts";
import { inWords } from "../api/words.ts";
import { ago, duration, moment, number } from "../format.ts";
import { t, word } from "../i18n.ts";
import { usePolled } from "../state/poll.ts";
import { narrow } from "../state/route.ts";
import { may } from "../state/session.ts";
import { Answered } from "../ui/answered.tsx";
import { Badge, Pairs } from "../ui/basics.tsx";
import { Copy } from "../ui/copy.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { type Deed, Question } from "../ui/question.tsx";
import { done, say } from "../ui/toasts.tsx";
import { reasonInWords, whyInWords } from "./reason.ts";
import { toneOf } from "./tones.ts";

export function OpenJob({ id }: { id: string }): JSX.Element {
  return (
    <button type="button" class="link mono" onClick={() => narrow({ job: id }, true)}>
      {id}
    </button>
  );
}

export function JobDrawer({ id, onClose }: { id: string; onClose(): void }): JSX.Element {
  const path = `/api/jobs/${encodeURIComponent(id)}`;
  const job = usePolled<JobDetail>(path);
  const why = usePolled<Why>(`${path}/why`);
  return (
    <Dialog drawer title={t("job.title")} onClose={onClose}>
      <p class="with-copy">
        <code>{id}</code> <Copy text={id} />
      </p>
      <Answered of={job} rows={8}>
        {(data) => (
          <>
            <p class="why">
              <Badge tone={toneOf(data.state)}>{word("state", data.state)}</Badge> {whyInWords(data, why.data)}
            </p>
            <JobActions job={data} path={path} />
            <Facts job={data} why={why.data} />
            <h3>{t("job.way")}</h3>
            <Way job={data} />
            <h3>{t("job.payload")}</h3>
            <pre class="payload" tabIndex={0}>
              {JSON.stringify(data.payload, null, 2)}
            </pre>
          </>
        )}
      </Answered>
    </Dialog>
  );
}

function Facts({ job, why }: { job: JobDetail; why: Why | undefined }): JSX.Element {
  const facts: [string, string | null | undefined][] = [
    [t("job.queue"), job.queue],
    [t("job.account"), job.account],
    [t("job.tenant"), job.tenant],
    [t("job.priority"), word("priority", job.priority)],
    [t("job.group"), job.group],
    [t("job.position"), why?.position == null ? null : number(why.position + 1)],
    [t("job.due"), moment(job.dueAt)],
    [t("job.expires"), job.expiresAt && moment(job.expiresAt)],
    [t("job.providerId"), job.providerId],
  ];
  return <Pairs of={facts} />;
}

/** What happened, in order: taken, each attempt, its end. */
function Way({ job }: { job: JobDetail }): JSX.Element {
  return (
    <ol class="way">
      <li class="good">
        <strong>{t("job.taken")}</strong> <time>{moment(job.createdAt)}</time>
      </li>
      {job.attempts.map((attempt) => (
        <li key={`${attempt.number}-${attempt.startedAt}`} class={attempt.error ? "bad" : "good"}>
          <strong>{t("job.attempt", { n: attempt.number })}</strong> <time>{moment(attempt.startedAt)}</time>
          <span class="note">
            {[attempt.status && `HTTP ${attempt.status}`, duration(attempt.durationMs), t("job.batch", { n: attempt.batch })].filter(Boolean).join(" · ")}
          </span>
          {attempt.error && (
            <span class="reason">
              <code>{attempt.error.code}</code> {reasonInWords(attempt.error)}
            </span>
          )}
        </li>
      ))}
      {job.finishedAt ? (
        <li class={toneOf(job.state)}>
          <strong>{word("state", job.state)}</strong> <time>{moment(job.finishedAt)}</time>
        </li>
      ) : (
        <li class="next">
          <strong>{t("job.next")}</strong> <Next job={job} />
        </li>
      )}
    </ol>
  );
}

/** When it is tried next; what is due already waits for nothing but its turn. */
function Next({ job }: { job: JobDetail }): JSX.Element {
  if (job.state === "active") return <span>{t("job.nextNow")}</span>;
  if (Date.parse(job.dueAt) <= Date.now()) return <span>{t("job.nextInTurn")}</span>;
  return <time>{ago(job.dueAt)}</time>;
}

/** What is asked about before it is done. */
type Wish = "cancel" | "retry" | "delivered" | "dead";

function JobActions({ job, path }: { job: JobDetail; path: string }): JSX.Element | null {
  const [asked, ask] = useState<Wish | null>(null);
  if (!may("manage")) return null;
  const attempt = async (text: string, work: () => Promise<unknown>, undo?: () => Promise<unknown>): Promise<void> => {
    try {
      await done(text, work, undo);
    } catch (error) {
      say(inWords(error), { bad: true });
    }
  };
  const change = (body: object): Promise<unknown> => call(path, { method: "PATCH", body });
  const waits = job.state === "waiting" || job.state === "scheduled";
  return (
    <div class="buttons">
      {waits && (
        <>
          <label class="inline">
            {t("job.priority")}{" "}
            <select
              value={job.priority}
              onChange={(event) => {
                const { priority } = job;
                const chosen = event.currentTarget.value;
                void attempt(t("job.changed"), () => change({ priority: chosen }), () => change({ priority }));
              }}
            >
              {["critical", "high", "normal", "low"].map((name) => (
                <option key={name} value={name}>
                  {word("priority", name)}
                </option>
              ))}
            </select>
          </label>
          {job.state === "scheduled" && (
            <button type="button" onClick={() => void attempt(t("job.changed"), () => change({ dueAt: new Date().toISOString() }))}>
              {t("job.now")}
            </button>
          )}
          <button type="button" class="danger-quiet" onClick={() => ask("cancel")}>
            {t("job.do.cancel")}
          </button>
        </>
      )}
      {(job.state === "dead" || job.state === "unknown") && (
        <button type="button" class="primary" onClick={() => ask("retry")}>
          {t("dead.retry")}
        </button>
      )}
      {job.state === "unknown" &&
        (["delivered", "dead"] as const).map((outcome) => (
          <button key={outcome} type="button" onClick={() => ask(outcome)}>
            {t(`job.resolve.${outcome}`)}
          </button>
        ))}
      {asked && <Question deed={deedOf(asked, job, path)} onClose={() => ask(null)} />}
    </div>
  );
}

function deedOf(question: Wish, job: JobDetail, path: string): Deed {
  const resolve = (outcome: string): Promise<unknown> => call(`${path}/resolve`, { method: "POST", body: { outcome } });
  const deeds: Record<Wish, Pick<Deed, "said" | "work">> = {
    cancel: { said: t("job.cancelled"), work: () => call(path, { method: "DELETE" }) },
    retry: { said: t("dead.retriedOne"), work: () => call(`/api/dead/${encodeURIComponent(job.id)}/retry`, { method: "POST", body: {} }) },
    delivered: { said: t("job.changed"), work: () => resolve("delivered") },
    dead: { said: t("job.changed"), work: () => resolve("dead") },
  };
  return {
    ...deeds[question],
    title: t(`job.ask.${question}`),
    note: question === "retry" && job.state === "unknown" ? t("job.note.retryUnknown") : t(`job.note.${question}`),
    confirm: t(`job.do.${question}`),
    danger: question === "cancel",
  };
}
