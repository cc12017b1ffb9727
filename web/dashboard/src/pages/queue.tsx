// One queue: how it stands, and its jobs.

import type { JSX } from "preact";
import { type Page_Job, type Queue } from "../api/schema.ts";
import { address } from "../api/client.ts";
import { ago, duration, moment, number } from "../format.ts";
import { t, word } from "../i18n.ts";
import { useQueue } from "../state/live.ts";
import { usePolled } from "../state/poll.ts";
import { narrow, parameter } from "../state/route.ts";
import { Answered } from "../ui/answered.tsx";
import { Badge, Empty, Figure, Heading, Panel } from "../ui/basics.tsx";
import { Bars } from "../ui/bars.tsx";
import { Search, Choice } from "../ui/filters.tsx";
import { Pages, Table, usePageSize } from "../ui/table.tsx";
import { Breaker, RateUsed } from "./destinations.tsx";
import { JobDrawer, OpenJob } from "./job.tsx";
import { QueueActions } from "./queue_actions.tsx";
import { reasonInWords } from "./reason.ts";
import { toneOf } from "./tones.ts";
import { shutFor } from "./gate.tsx";

const STATES = ["waiting", "scheduled", "active", "completed", "dead", "unknown", "expired", "cancelled"];
const PRIORITIES = ["critical", "high", "normal", "low"] as const;

export function OneQueue({ name }: { name: string }): JSX.Element {
  const path = `/api/queues/${encodeURIComponent(name)}`;
  const queue = useQueue(name);
  return (
    <>
      <Heading title={name} note={t("queue.note")}>
        {queue.data && <QueueActions queue={queue.data} />}
      </Heading>
      <Answered of={queue} rows={3}>
        {(data) => <Standing queue={data} />}
      </Answered>
      {!queue.failure && <Jobs path={`${path}/jobs`} />}
      {parameter("job") && <JobDrawer id={parameter("job")} onClose={() => narrow({ job: "" })} />}
    </>
  );
}

function Standing({ queue }: { queue: Queue }): JSX.Element {
  const { counts } = queue;
  // A count leads to the jobs that it counts, below.
  const jobs = (state: string): string => `/queues/${encodeURIComponent(queue.name)}?state=${state}`;
  return (
    <>
      <dl class="figures">
        <Figure label={t("queues.gate")} value={word("gate", queue.gate)} note={shutFor(queue)} tone={shutFor(queue) ? "warn" : toneOf(queue.gate)} />
        <Figure label={t("state.waiting")} value={number(counts.waiting)} to={jobs("waiting")} />
        <Figure label={t("state.scheduled")} value={number(counts.scheduled)} to={jobs("scheduled")} note={t("queue.retrying", { n: number(counts.delayed) })} />
        <Figure label={t("state.active")} value={number(counts.active)} to={jobs("active")} />
        <Figure label={t("state.completed")} value={number(counts.completed)} to={jobs("completed")} note={t("queue.perMinute", { n: number(queue.completedPerMinute) })} />
        <Figure
          label={t("state.dead")}
          value={number(counts.deadListed)}
          tone={counts.deadListed > 0 ? "bad" : "plain"}
          to={`/dead?queue=${encodeURIComponent(queue.name)}`}
        />
      </dl>
      <div class="columns">
        <Panel title={t("queue.byPriority")}>
          <Priorities queue={queue} />
        </Panel>
        <Panel title={t("queue.latency")}>
          <dl class="pairs">
            {(["p50", "p95", "p99"] as const).map((name) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd class="num">{duration(queue.latencyMs[name])}</dd>
              </div>
            ))}
            <div>
              <dt>{t("queues.oldest")}</dt>
              <dd class="num">{ago(queue.oldestWaitingAt)}</dd>
            </div>
          </dl>
        </Panel>
      </div>
      <Panel title={t("queue.lines")}>
        <Table
          label={t("queue.lines")}
          items={queue.lines}
          keyOf={(line) => `${line.tenant}/${line.account}`}
          empty={<Empty title={t("queue.noLines")} />}
          columns={[
            { head: t("job.account"), cell: (line) => <strong>{line.account}</strong> },
            { head: t("job.tenant"), cell: (line) => line.tenant },
            { head: t("destinations.breaker"), cell: (line) => <Breaker line={line} /> },
            { head: t("destinations.rate"), cell: (line) => <RateUsed windows={line.rate} /> },
            { head: t("destinations.inFlight"), number: true, cell: (line) => number(line.inFlight) },
            { head: t("queue.lastBatch"), number: true, cell: (line) => ago(line.lastBatchAt) },
          ]}
        />
      </Panel>
    </>
  );
}

/** Bars and their figures: how much waits at each priority. */
function Priorities({ queue }: { queue: Queue }): JSX.Element {
  return <Bars items={PRIORITIES.map((name) => [word("priority", name), queue.waitingByPriority[name]])} />;
}

function Jobs({ path }: { path: string }): JSX.Element {
  const filters = ["state", "priority", "account", "group", "q", "cursor"];
  const query = Object.fromEntries(filters.map((name) => [name, parameter(name)]));
  const jobs = usePolled<Page_Job>(address(path, { ...query, limit: usePageSize() }));
  return (
    <Panel title={t("queue.jobs")}>
      <div class="filters" role="search">
        <Choice name="state" label={t("job.state")} options={STATES.map((name) => [name, word("state", name)])} />
        <Choice name="priority" label={t("job.priority")} options={PRIORITIES.map((name) => [name, word("priority", name)])} />
        <Search name="account" label={t("job.account")} />
        <Search name="group" label={t("job.group")} />
        <Search name="q" label={t("job.errorText")} />
      </div>
      <Answered of={jobs} rows={8}>
        {({ items, nextCursor }) => (
          <>
            <Table
              label={t("queue.jobs")}
              items={items}
              keyOf={(job) => job.id}
              empty={<Empty title={t("jobs.none")} note={t("jobs.noneNote")} />}
              columns={[
                { head: t("job.id"), cell: (job) => <OpenJob id={job.id} /> },
                { head: t("job.state"), cell: (job) => <Badge tone={toneOf(job.state)}>{word("state", job.state)}</Badge> },
                { head: t("job.priority"), cell: (job) => word("priority", job.priority) },
                { head: t("job.account"), cell: (job) => job.account },
                { head: t("job.attempts"), number: true, cell: (job) => `${job.attempt} / ${job.maxAttempts}` },
                { head: t("job.created"), number: true, cell: (job) => <time title={moment(job.createdAt)}>{ago(job.createdAt)}</time> },
                { head: t("job.error"), cell: (job) => job.lastError && <span class="cut">{reasonInWords(job.lastError)}</span> },
              ]}
            />
            <Pages next={nextCursor} sizes />
          </>
        )}
      </Answered>
    </Panel>
  );
}
