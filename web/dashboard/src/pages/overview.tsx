// What flows now.

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { BatchMetrics, Page_Destination, PixelStats, Queue, Ready } from "../api/schema.ts";
import { duration, number, short } from "../format.ts";
import { counted, t, word } from "../i18n.ts";
import { History } from "../state/history.ts";
import { useFiring, useQueues } from "../state/live.ts";
import { usePolled } from "../state/poll.ts";
import { connection } from "../state/session.ts";
import { Answered } from "../ui/answered.tsx";
import { Badge, Empty, Figure, Heading, Link, Panel } from "../ui/basics.tsx";
import { Chart, type Series } from "../ui/chart.tsx";
import { Table } from "../ui/table.tsx";
import { FiringList } from "./alerts.tsx";
import { Breaker, RateUsed } from "./destinations.tsx";
import { foundInWords } from "./reason.ts";
import { toneOf } from "./tones.ts";
import { GateBadge } from "./gate.tsx";

const LOOK_EVERY_MS = 2_000;
/** Kept while one is on other pages, so that the chart goes on where it was. */
const history = new History();
/** Counts the looks, so that what is drawn from them is drawn anew. */
const looked = signal(0);

export function Overview(): JSX.Element {
  const queues = useQueues();
  useLooks(queues.data?.items);
  const destinations = usePolled<Page_Destination>("/api/destinations");
  return (
    <>
      <Heading title={t("overview.title")} note={t("overview.note")} />
      <Answered of={queues} rows={2}>
        {({ items }) => <Figures queues={items} />}
      </Answered>
      <Alerting />
      <Checks />
      <Panel title={t("overview.flow")}>
        <Flow />
      </Panel>
      <Panel title={t("nav.queues")} side={<Link to="/queues">{t("overview.allQueues")}</Link>}>
        <Answered of={queues}>{({ items }) => <Queues queues={items} />}</Answered>
      </Panel>
      <Panel title={t("settings.destinations")} side={<Link to="/settings/destinations">{t("overview.credentials")}</Link>}>
        <Answered of={destinations}>
          {({ items }) => (
            <Table
              label={t("settings.destinations")}
              items={items}
              keyOf={(item) => `${item.tenant}/${item.name}`}
              empty={<Empty title={t("destinations.none")} note={t("destinations.noneNote")} />}
              columns={[
                { head: t("destinations.name"), cell: (item) => <strong>{item.name}</strong> },
                { head: t("job.tenant"), cell: (item) => item.tenant },
                { head: t("destinations.platform"), cell: (item) => word("platform", item.platform) },
                { head: t("destinations.breaker"), cell: (item) => <Breaker line={item.line} /> },
                { head: t("destinations.rate"), cell: (item) => <RateUsed windows={item.line?.rate} /> },
                { head: t("destinations.inFlight"), number: true, cell: (item) => number(item.line?.inFlight) },
              ]}
            />
          )}
        </Answered>
      </Panel>
    </>
  );
}

/** Looks at the counters again and again, whichever way they come. */
function useLooks(queues: Queue[] | undefined): void {
  const newest = useRef(queues);
  newest.current = queues;
  const isThere = queues !== undefined;
  useEffect(() => {
    if (!isThere) return undefined;
    const look = (): void => {
      if (document.hidden || !newest.current || connection.value === "lost") return;
      history.take(newest.current, Date.now());
      looked.value++;
    };
    look();
    const timer = setInterval(look, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [isThere]);
}

function Figures({ queues }: { queues: Queue[] }): JSX.Element {
  // Only their sums are shown; the longest step makes the shortest answer.
  const stats = usePolled<PixelStats>("/api/pixels/stats?interval=1d", 30_000);
  const batches = usePolled<BatchMetrics>("/metrics/batch", 30_000);
  const rates = looked.value > 0 ? history.now() : undefined;
  const sum = (of: (queue: Queue) => number): number => queues.reduce((total, queue) => total + of(queue), 0);
  const oldest = Math.max(0, ...queues.map((queue) => queue.oldestWaitingSeconds ?? 0));
  const dead = sum((queue) => queue.counts.deadListed);
  const platforms = Object.values(stats.data?.platforms ?? {});
  const saved = platforms.reduce((total, one) => total + one.requestsSaved, batches.data?.saved ?? 0);
  return (
    <dl class="figures">
      <Figure label={t("overview.accepted")} value={short(rates?.accepted ?? 0)} note={t("unit.perSecond")} />
      <Figure label={t("overview.sent")} value={short(rates?.sent ?? 0)} note={t("unit.perSecond")} />
      <Figure label={t("overview.backlog")} value={short(sum((queue) => queue.pending))} note={t("unit.jobs")} to="/queues" />
      <Figure label={t("overview.oldest")} value={duration(oldest > 0 ? oldest * 1_000 : null)} tone={oldest > 300 ? "warn" : "plain"} />
      <Figure label={t("nav.dead")} value={short(dead)} tone={dead > 0 ? "bad" : "good"} to="/dead" note={dead > 0 ? t("overview.look") : t("overview.none")} />
      <Figure label={t("overview.saved")} value={short(saved)} note={t("overview.savedNote")} />
    </dl>
  );
}

/** Alerts that fire, the worst first; nothing where none does. */
function Alerting(): JSX.Element | null {
  const { data } = useFiring();
  if (!data || data.items.length === 0) return null;
  return (
    <Panel title={t("nav.alerts")} side={<Link to="/alerts">{t("alerts.allOf")}</Link>}>
      <FiringList alerts={data.items} />
    </Panel>
  );
}

/** What is not well, in the words of the server; nothing where all is. */
function Checks(): JSX.Element | null {
  const ready = usePolled<Ready>("/readyz", 10_000);
  const checks = ready.data?.checks.filter((check) => check.state !== "ok") ?? [];
  if (checks.length === 0) return null;
  return (
    <Panel title={t("overview.attention")}>
      <ul class="notices">
        {checks.map((check) => (
          <li key={check.name}>
            <Badge tone={toneOf(check.state)}>{word("state", check.state)}</Badge>
            <strong>{word("check", check.name)}</strong>
            <span>{foundInWords(check.detail)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Flow(): JSX.Element {
  const looks = looked.value > 0 ? history.looks : [];
  const series: Series[] = [
    { label: t("overview.accepted"), colour: "accent", values: looks.map((look) => look.accepted) },
    { label: t("overview.sent"), colour: "good", values: looks.map((look) => look.sent) },
    { label: t("overview.failed"), colour: "bad", values: looks.map((look) => look.failed) },
  ];
  return <Chart label={t("overview.flow")} times={looks.map((look) => look.at)} series={series} height={220} />;
}

function Queues({ queues }: { queues: Queue[] }): JSX.Element {
  return (
    <Table
      label={t("nav.queues")}
      items={queues}
      keyOf={(queue) => queue.name}
      empty={<Empty title={t("queues.none")} note={t("queues.noneNote")} />}
      columns={[
        { head: t("queues.queue"), cell: (queue) => <Link to={`/queues/${encodeURIComponent(queue.name)}`}>{queue.name}</Link> },
        { head: t("queues.gate"), cell: (queue) => <GateBadge queue={queue} /> },
        { head: t("queues.pending"), number: true, cell: (queue) => number(queue.pending) },
        { head: t("queues.perMinute"), number: true, cell: (queue) => number(queue.completedPerMinute) },
        { head: t("queues.p95"), number: true, cell: (queue) => duration(queue.latencyMs.p95) },
        { head: t("queues.oldest"), number: true, cell: (queue) => duration(queue.oldestWaitingSeconds == null ? null : queue.oldestWaitingSeconds * 1_000) },
        { head: t("nav.dead"), number: true, cell: (queue) => <DeadCount queue={queue} /> },
      ]}
    />
  );
}

export function DeadCount({ queue }: { queue: Queue }): JSX.Element {
  const dead = queue.counts.deadListed;
  if (dead === 0) return <>0</>;
  return (
    <Link to={`/dead?queue=${encodeURIComponent(queue.name)}`} class="bad">
      {counted("queues.dead", dead)}
    </Link>
  );
}
