// Dead letters: why they are there, and what is done about them.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address } from "../api/client.ts";
import type { Job, Page_DeadReason, Page_Job } from "../api/schema.ts";
import { inWords } from "../api/words.ts";
import { ago, moment, number } from "../format.ts";
import { counted, t } from "../i18n.ts";
import { useQueues } from "../state/live.ts";
import { usePolled } from "../state/poll.ts";
import { narrow, parameter } from "../state/route.ts";
import { may } from "../state/session.ts";
import { Answered } from "../ui/answered.tsx";
import { Empty, Heading, Panel } from "../ui/basics.tsx";
import { Search } from "../ui/filters.tsx";
import { Pages, Table, usePageSize } from "../ui/table.tsx";
import { say } from "../ui/toasts.tsx";
import { type Kind, download } from "./download.ts";
import { JobDrawer, OpenJob } from "./job.tsx";
import { reasonInWords } from "./reason.ts";
import { Retry } from "./retry.tsx";

/** Which of them are meant: some by their ids, or all that fit. */
interface Choosing {
  title: string;
  body: { ids?: string[]; q?: string; account?: string };
  shown?: number;
}

export function DeadLetters(): JSX.Element {
  const queues = useQueues();
  return (
    <>
      <Heading title={t("nav.dead")} note={t("dead.note")} />
      <Answered of={queues}>
        {({ items }) => {
          const fullest = [...items].sort((a, b) => b.counts.deadListed - a.counts.deadListed)[0];
          const queue = parameter("queue") || fullest?.name;
          if (!queue) return <Empty title={t("queues.none")} note={t("queues.noneNote")} />;
          return <OfQueue key={queue} queue={queue} queues={items.map(({ name, counts }) => [name, counts.deadListed])} />;
        }}
      </Answered>
      {parameter("job") && <JobDrawer id={parameter("job")} onClose={() => narrow({ job: "" })} />}
    </>
  );
}

function OfQueue({ queue, queues }: { queue: string; queues: [string, number][] }): JSX.Element {
  const path = `/api/queues/${encodeURIComponent(queue)}/dead`;
  const { q, account, cursor } = { q: parameter("q"), account: parameter("account"), cursor: parameter("cursor") };
  const reasons = usePolled<Page_DeadReason>(address(path, { groupBy: "reason", account, limit: 100 }));
  const jobs = usePolled<Page_Job>(address(path, { q, account, cursor, limit: usePageSize() }));
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const [asked, ask] = useState<Choosing | null>(null);
  const toggle = (id: string, on: boolean): void => {
    const next = new Set(chosen);
    if (on) next.add(id);
    else next.delete(id);
    choose(next);
  };
  // What was chosen on another page, or before the list was narrowed, is not seen any more.
  const ids = (jobs.data?.items ?? []).map(({ id }) => id).filter((id) => chosen.has(id));
  const ofAccount = account && { account };
  const fitting = { ...(q && { q }), ...ofAccount };
  return (
    <>
      <div class="filters" role="search">
        <label class="field wide">
          <span>{t("queues.queue")}</span>
          <select name="queue" value={queue} onChange={(event) => narrow({ queue: event.currentTarget.value, cursor: "", q: "", account: "" })}>
            {queues.map(([name, dead]) => (
              <option key={name} value={name}>
                {name} ({number(dead)})
              </option>
            ))}
          </select>
        </label>
        <Search name="account" label={t("job.account")} />
        <Search name="q" label={t("dead.reasonText")} />
      </div>
      <Panel title={t("dead.reasons")}>
        <Answered of={reasons}>
          {({ items }) => (
            <Table
              label={t("dead.reasons")}
              items={items.filter((reason) => says(reason, q))}
              keyOf={(reason) => reason.code}
              empty={<Nothing />}
              columns={[
                { head: t("dead.reason"), cell: (reason) => <Reason code={reason.code} detail={reason.detail} /> },
                { head: t("dead.count"), number: true, cell: (reason) => number(reason.count) },
                { head: t("dead.newest"), number: true, cell: (reason) => <time title={moment(reason.newestAt)}>{ago(reason.newestAt)}</time> },
                {
                  head: "",
                  cell: (reason) => (
                    <span class="buttons tight">
                      <button type="button" class="small" onClick={() => narrow({ q: reason.code, cursor: "" })}>
                        {t("dead.show")}
                      </button>
                      {may("manage") && (
                        <button type="button" class="small" onClick={() => ask({ title: t("dead.retryReason"), body: { q: reason.code, ...ofAccount }, shown: reason.count })}>
                          {t("dead.retryThese")}
                        </button>
                      )}
                    </span>
                  ),
                },
              ]}
            />
          )}
        </Answered>
      </Panel>
      <Panel
        title={t("dead.letters")}
        side={
          <>
            {may("manage") && ids.length > 0 && (
              <button type="button" class="small primary" onClick={() => ask({ title: t("dead.retryChosen"), body: { ids } })}>
                {counted("dead.retryN", ids.length)}
              </button>
            )}
            {may("manage") && (
              <button type="button" class="small" disabled={!cursor && jobs.data?.items.length === 0} onClick={() => ask({ title: t("dead.retryAll"), body: fitting })}>
                {q || account ? t("dead.retryFitting") : t("dead.retryAll")}
              </button>
            )}
            <Download path={path} query={{ q, account }} />
          </>
        }
      >
        <Answered of={jobs} rows={8}>
          {({ items, nextCursor }) => (
            <>
              <Letters jobs={items} chosen={chosen} toggle={toggle} ask={ask} />
              <Pages next={nextCursor} sizes />
            </>
          )}
        </Answered>
      </Panel>
      {asked && (
        <Retry
          mayUnknown
          path={`${path}/retry`}
          title={asked.title}
          body={asked.body}
          shown={asked.shown}
          onClose={() => ask(null)}
          onDone={() => {
            ask(null);
            choose(new Set());
          }}
        />
      )}
    </>
  );
}

/** Whether a reason has this text, as the list is searched for it: reasons come whole, whatever is looked for. */
function says({ code, detail }: Page_DeadReason["items"][number], text: string): boolean {
  return `${code}\n${detail}`.toLowerCase().includes(text.toLowerCase());
}

/** There are none at all, or none that fit. */
function Nothing(): JSX.Element {
  const isNarrowed = parameter("q") !== "" || parameter("account") !== "";
  return <Empty title={t("dead.none")} note={isNarrowed ? t("table.narrowed") : t("dead.noneNote")} />;
}

function Reason({ code, detail }: { code: string; detail: string }): JSX.Element {
  return (
    <>
      <strong>{reasonInWords({ code, detail })}</strong>
      <small class="under mono">{code}</small>
    </>
  );
}

interface LettersProps {
  jobs: Job[];
  chosen: ReadonlySet<string>;
  toggle(id: string, on: boolean): void;
  ask(choosing: Choosing): void;
}

function Letters({ jobs, chosen, toggle, ask }: LettersProps): JSX.Element {
  return (
    <Table
      label={t("dead.letters")}
      items={jobs}
      keyOf={(job) => job.id}
      empty={<Nothing />}
      columns={[
        {
          head: t("dead.choose"),
          cell: (job) => (
            <input
              type="checkbox"
              aria-label={t("dead.chooseOne", { id: job.id })}
              checked={chosen.has(job.id)}
              onChange={(event) => toggle(job.id, event.currentTarget.checked)}
            />
          ),
        },
        { head: t("job.id"), cell: (job) => <OpenJob id={job.id} /> },
        { head: t("job.account"), cell: (job) => job.account },
        { head: t("dead.reason"), cell: (job) => job.lastError && <span class="cut">{reasonInWords(job.lastError)}</span> },
        { head: t("job.attempts"), number: true, cell: (job) => `${job.attempt} / ${job.maxAttempts}` },
        { head: t("dead.died"), number: true, cell: (job) => <time title={moment(job.finishedAt)}>{ago(job.finishedAt)}</time> },
        {
          head: "",
          cell: (job) =>
            may("manage") && (
              <button type="button" class="small" onClick={() => ask({ title: t("dead.retryOne"), body: { ids: [job.id] } })}>
                {t("dead.retry")}
              </button>
            ),
        },
      ]}
    />
  );
}

function Download({ path, query }: { path: string; query: Record<string, string> }): JSX.Element {
  const [busy, setBusy] = useState(false);
  const start = async (kind: Kind): Promise<void> => {
    setBusy(true);
    try {
      await download(path, query, kind);
    } catch (error) {
      say(inWords(error), { bad: true });
    }
    setBusy(false);
  };
  return (
    <>
      {(["csv", "ndjson"] as const).map((kind) => (
        <button key={kind} type="button" class="small" disabled={busy} onClick={() => void start(kind)}>
          {t(`dead.download.${kind}`)}
        </button>
      ))}
    </>
  );
}
