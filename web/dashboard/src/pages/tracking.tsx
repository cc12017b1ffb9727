// Events of web sites: how many, of which kind, where from, and what is kept of them.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address, call } from "../api/client.ts";
import type { Page_ThrottlingRule, ThrottlingRule, TrackingHealth, TrackingStats, TrackingTop } from "../api/schema.ts";
import { ago, bytes, number, percent } from "../format.ts";
import { t, word } from "../i18n.ts";
import { usePolled } from "../state/poll.ts";
import { parameter } from "../state/route.ts";
import { may, who } from "../state/session.ts";
import { Answered } from "../ui/answered.tsx";
import { Badge, Empty, Field, Figure, Heading, Panel } from "../ui/basics.tsx";
import { Chart } from "../ui/chart.tsx";
import { Ask } from "../ui/dialog.tsx";
import { Choice, Search } from "../ui/filters.tsx";
import { Table } from "../ui/table.tsx";
import { done } from "../ui/toasts.tsx";
import { LiveEvents } from "./live_events.tsx";
import { useRange } from "./range.ts";
import { toneOf } from "./tones.ts";

const STEPS: Record<string, string> = { "1m": "minute", "15m": "hour", "1h": "hour" };

export function Tracking(): JSX.Element {
  const own = who.value?.tenant ?? "*";
  const tenant = own === "*" ? parameter("tenant") : own;
  const health = usePolled<TrackingHealth>("/tracking-v2/health", 5_000);
  return (
    <>
      <Heading title={t("nav.tracking")} note={t("tracking.note")}>
        {health.data && <Badge tone={toneOf(health.data.status)}>{word("state", health.data.status)}</Badge>}
      </Heading>
      <div class="filters" role="search">
        {own === "*" && <Search name="tenant" label={t("job.tenant")} />}
        <Choice name="range" label={t("range.label")} any={t("range.day")} options={[["hour", t("range.hour")], ["week", t("range.week")]]} />
      </div>
      {tenant ? <Statistics tenant={tenant} /> : <Empty title={t("tracking.noTenant")} note={t("tracking.noTenantNote")} />}
      <LiveEvents tenant={tenant} />
      <Answered of={health}>{(data) => <Store health={data} />}</Answered>
      <Sampling tenant={tenant} />
    </>
  );
}

function Statistics({ tenant }: { tenant: string }): JSX.Element {
  const { from, interval } = useRange(parameter("range"));
  const path = `/tracking-v2/stats/tenant/${encodeURIComponent(tenant)}`;
  const stats = usePolled<TrackingStats>(address(path, { from, interval: STEPS[interval] }), 10_000);
  return (
    <Answered of={stats} rows={6}>
      {(data) => (
        <>
          <dl class="figures">
            <Figure label={t("tracking.events")} value={number(data.totalEvents)} note={t("tracking.estimated", { n: number(data.estimatedEvents) })} />
            <Figure label={t("tracking.visitors")} value={number(data.uniqueVisitors)} />
            <Figure label={t("tracking.sessions")} value={number(data.uniqueSessions)} />
            <Figure label={t("tracking.bots")} value={number(data.botEvents)} />
          </dl>
          <Panel title={t("tracking.overTime")}>
            <Chart
              sums
              label={t("tracking.overTime")}
              times={data.timeSeries.map((point) => Date.parse(point.at) / 1_000)}
              series={[{ label: t("tracking.events"), colour: "accent", values: data.timeSeries.map((point) => point.events) }]}
            />
          </Panel>
          <div class="columns">
            <Counts title={t("tracking.types")} items={Object.entries(data.eventsByType).map(([value, count]) => ({ value, count }))} />
            <Counts title={t("tracking.pages")} items={data.topPages} />
            <Counts title={t("tracking.referrers")} items={data.topReferrers} />
          </div>
        </>
      )}
    </Answered>
  );
}

function Counts({ title, items }: { title: string; items: Pick<TrackingTop, "value" | "count">[] }): JSX.Element {
  return (
    <Panel title={title}>
      <Table
        label={title}
        items={[...items].sort((a, b) => b.count - a.count)}
        keyOf={(item) => item.value}
        empty={<Empty title={t("tracking.nothing")} />}
        columns={[
          { head: t("tracking.what"), cell: (item) => <span class="cut">{item.value}</span> },
          { head: t("tracking.events"), number: true, cell: (item) => number(item.count) },
        ]}
      />
    </Panel>
  );
}

function Store({ health }: { health: TrackingHealth }): JSX.Element {
  const { buffer } = health;
  return (
    <Panel title={t("tracking.store")} side={<span class="note">{t("tracking.buffer", { n: number(buffer.currentSize), at: ago(buffer.lastFlushAt) })}</span>}>
      <Table
        label={t("tracking.store")}
        items={health.partitions}
        keyOf={(partition) => partition.name}
        empty={<Empty title={t("tracking.noPartitions")} />}
        columns={[
          { head: t("tracking.partition"), cell: (partition) => <code>{partition.name}</code> },
          { head: t("tracking.rows"), number: true, cell: (partition) => number(partition.rows) },
          { head: t("tracking.files"), number: true, cell: (partition) => number(partition.files) },
          { head: t("tracking.bytes"), number: true, cell: (partition) => bytes(partition.bytes) },
        ]}
      />
    </Panel>
  );
}

function Sampling({ tenant }: { tenant: string }): JSX.Element {
  const rules = usePolled<Page_ThrottlingRule>(address("/tracking-v2/throttling", { tenant }), 5_000);
  const [asked, ask] = useState<ThrottlingRule | null>(null);
  return (
    <Panel title={t("sampling.title")} side={<span class="note">{t("sampling.note")}</span>}>
      <Answered of={rules}>
        {({ items }) => (
          <Table
            label={t("sampling.title")}
            items={items}
            keyOf={(rule) => rule.eventType}
            empty={<Empty title={t("sampling.none")} />}
            columns={[
              { head: t("sampling.type"), cell: (rule) => <code>{rule.eventType}</code> },
              { head: t("sampling.rate"), number: true, cell: (rule) => (rule.alwaysKeep ? t("sampling.always") : percent(rule.samplingRate / 100, 2)) },
              { head: t("sampling.source"), cell: (rule) => word("sampling.by", rule.source) },
              {
                head: "",
                cell: (rule) =>
                  may("manage") && (
                    <button type="button" class="small" onClick={() => ask(rule)}>
                      {t("sampling.change")}
                    </button>
                  ),
              },
            ]}
          />
        )}
      </Answered>
      {asked && <ChangeRule rule={asked} tenant={tenant} onClose={() => ask(null)} />}
    </Panel>
  );
}

function ChangeRule({ rule, tenant, onClose }: { rule: ThrottlingRule; tenant: string; onClose(): void }): JSX.Element {
  const [rate, setRate] = useState(String(rule.samplingRate));
  const [always, setAlways] = useState(rule.alwaysKeep);
  const path = address(`/tracking-v2/throttling/${encodeURIComponent(rule.eventType)}`, { tenant });
  const put = (samplingRate: number, alwaysKeep: boolean): Promise<unknown> => call(path, { method: "PUT", body: { samplingRate, alwaysKeep } });
  const reset = (): Promise<unknown> => call(path, { method: "DELETE" });
  const back = (): Promise<unknown> => (rule.source === "tenant" ? put(rule.samplingRate, rule.alwaysKeep) : reset());
  const run = async (): Promise<void> => {
    await done(t("sampling.changed", { type: rule.eventType }), () => put(Number(rate), always), back);
    onClose();
  };
  return (
    <Ask title={t("sampling.changeTitle", { type: rule.eventType })} confirm={t("action.save")} onClose={onClose} run={run}>
      <Field label={t("sampling.rate")} note={t("sampling.rateNote")}>
        <input type="number" min={0} max={100} step="any" required value={rate} onInput={(event) => setRate(event.currentTarget.value)} />
      </Field>
      <label class="inline">
        <input type="checkbox" checked={always} onChange={(event) => setAlways(event.currentTarget.checked)} /> {t("sampling.alwaysNote")}
      </label>
      {rule.source === "tenant" && (
        <p>
          <button
            type="button"
            class="link"
            onClick={() => void done(t("sampling.wasReset", { type: rule.eventType }), reset, () => put(rule.samplingRate, rule.alwaysKeep)).then(onClose)}
          >
            {t("sampling.reset")}
          </button>
        </p>
      )}
    </Ask>
  );
}
