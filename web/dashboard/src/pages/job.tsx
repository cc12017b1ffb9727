// One job: its way from arrival to its end, each attempt, and why it stands where it stands.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api/client.ts";
import type { JobDetail, Why } from "../api/schema.ts";
import { ago, duration, moment, number } from "../format.ts";
import { t, word } from "../i18n.ts";
import { usePolled } from "../state/poll.ts";
import { narrow } from "../state/route.ts";
import { may } from "../state/session.ts";
import { Answered } from "../ui/answered.tsx";
import { Badge, Pairs } from "../ui/basics.tsx";
import { Copy } from "../ui/copy.tsx";
import { Ask, Dialog, inWords } from "../ui/dialog.tsx";
import { done, say } from "../ui/toasts.tsx";
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
              <Badge tone={toneOf(data.state)}>{word("state", data.state)}</Badge> {why.data?.summary}
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
    [t("job.position"), why?.position == null ? null : number(why.position)],
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
              <code>{attempt.error.code}</code> {attempt.error.detail}
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
          <strong>{t("job.next")}</strong> <time>{ago(job.dueAt)}</time>
        </li>
      )}
    </ol>
  );
}

function JobActions({ job, path }: { job: JobDetail; path: string }): JSX.Element | null {
  const [asked, ask] = useState(false);
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
          <button type="button" class="danger-quiet" onClick={() => ask(true)}>
            {t("job.cancel")}
          </button>
        </>
      )}
      {(job.state === "dead" || job.state === "unknown") && (
        <button
          type="button"
          class="primary"
          onClick={() => void attempt(t("dead.retriedOne"), () => call(`/api/dead/${encodeURIComponent(job.id)}/retry`, { method: "POST", body: {} }))}
        >
          {t("dead.retry")}
        </button>
      )}
      {job.state === "unknown" &&
        (["delivered", "dead"] as const).map((outcome) => (
          <button
            key={outcome}
            type="button"
            onClick={() => void attempt(t("job.changed"), () => call(`${path}/resolve`, { method: "POST", body: { outcome } }))}
          >
            {t(`job.resolve.${outcome}`)}
          </button>
        ))}
      {asked && (
        <Ask
          danger
          title={t("job.cancelTitle")}
          confirm={t("job.cancel")}
          onClose={() => ask(false)}
          run={async () => {
            await done(t("job.cancelled"), () => call(path, { method: "DELETE" }));
            ask(false);
          }}
        >
          <p>{t("job.cancelNote")}</p>
        </Ask>
      )}
    </div>
  );
}
