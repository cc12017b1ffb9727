// Alerts: what is wrong now and since when, what there was, by which rules, and who is told.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { address, call } from "../api/client.ts";
import type { Alert, AlertChannel, AlertRule, AlertTest, Page_Alert, Page_AlertChannel, Page_AlertRule } from "../api/schema.ts";
import { inWords } from "../api/words.ts";
import { NOTHING, ago, duration, moment, number, percent } from "../format.ts";
import { t, word } from "../i18n.ts";
import { useFiring } from "../state/live.ts";
import { refresh, usePolled } from "../state/poll.ts";
import { narrow, parameter } from "../state/route.ts";
import { may } from "../state/session.ts";
import { isOfAll } from "../state/tenant.ts";
import { Answered } from "../ui/answered.tsx";
import { Badge, Empty, Heading, Link, Panel } from "../ui/basics.tsx";
import { Choice } from "../ui/filters.tsx";
import { Pages, Table, usePageSize } from "../ui/table.tsx";
import { TestButton } from "../ui/test_button.tsx";
import { done, say } from "../ui/toasts.tsx";
import { JobDrawer } from "./job.tsx";
import { lineInWords } from "./reason.ts";
import { breakerTone } from "./tones.ts";

export function Alerts(): JSX.Element {
  return (
    <>
      <Heading title={t("nav.alerts")} note={t("alerts.note")} />
      <Firing />
      <History />
      <Rules />
      <Channels />
      {parameter("job") && <JobDrawer id={parameter("job")} onClose={() => narrow({ job: "" })} />}
    </>
  );
}

function Firing(): JSX.Element {
  const found = useFiring();
  // One that is over is in the history at once.
  const firing = found.data?.items.map(({ id }) => id).join();
  const before = useRef(firing);
  useEffect(() => {
    if (before.current !== undefined && firing !== before.current) refresh();
    before.current = firing;
  }, [firing]);
  return (
    <Panel title={t("alerts.firing")}>
      <Answered of={found}>
        {({ items }) => (items.length === 0 ? <Empty title={t("alerts.quiet")} note={t("alerts.quietNote")} /> : <FiringList alerts={items} />)}
      </Answered>
    </Panel>
  );
}

export function FiringList({ alerts }: { alerts: Alert[] }): JSX.Element {
  const worst = (alert: Alert): number => (alert.acknowledgedAt ? 2 : 0) + (alert.severity === "critical" ? 0 : 1);
  return (
    <ul class="alerts">
      {[...alerts]
        .sort((a, b) => worst(a) - worst(b))
        .map((alert) => (
          <li key={alert.id} class={alert.severity}>
            <One alert={alert} />
          </li>
        ))}
    </ul>
  );
}

function One({ alert }: { alert: Alert }): JSX.Element {
  return (
    <>
      <div>
        <p>
          <Badge tone={severityTone(alert.severity)}>{word("severity", alert.severity)}</Badge> <strong>{word("alertKind", alert.kind)}</strong>{" "}
          {alert.subject.name && <code>{alert.subject.name}</code>} {isOfAll() && alert.tenant !== "*" && <span class="note">{alert.tenant}</span>}
        </p>
        {alert.detail && <p class="cut">{alert.detail}</p>}
        <p class="note">
          {[t("alerts.since", { at: moment(alert.since) }), figures(alert), alert.acknowledgedAt && t("alerts.knownBy", { name: alert.acknowledgedBy ?? "", at: ago(alert.acknowledgedAt) })]
            .filter(Boolean)
            .join(" · ")}
        </p>
      </div>
      <div class="buttons tight">
        <Link to={alert.path} class="button small">
          {t("alerts.look")}
        </Link>
        {!alert.acknowledgedAt && <Acknowledge alert={alert} />}
      </div>
    </>
  );
}

function Acknowledge({ alert }: { alert: Alert }): JSX.Element | null {
  if (!may("manage")) return null;
  const run = async (): Promise<void> => {
    try {
      await done(t("alerts.acknowledged", { alert: [word("alertKind", alert.kind), alert.subject.name].filter(Boolean).join(" · ") }), () => call(`/api/alerts/${encodeURIComponent(alert.id)}/acknowledge`, { method: "POST", body: {} }));
    } catch (error) {
      say(inWords(error), { bad: true });
    }
  };
  return (
    <button type="button" class="small" title={t("alerts.acknowledgeNote")} onClick={() => void run()}>
      {t("alerts.acknowledge")}
    </button>
  );
}

function History(): JSX.Element {
  const query = { kind: parameter("kind"), severity: parameter("severity"), cursor: parameter("cursor") };
  const found = usePolled<Page_Alert>(address("/api/alerts", { ...query, state: "over", limit: usePageSize() }), 15_000);
  const rules = usePolled<Page_AlertRule>("/api/alerts/rules", 60_000);
  const kinds = [...new Set(rules.data?.items.map(({ kind }) => kind))];
  return (
    <Panel title={t("alerts.history")}>
      <div class="filters" role="search">
        <Choice name="kind" label={t("alerts.kind")} options={kinds.map((kind) => [kind, word("alertKind", kind)])} />
        <Choice name="severity" label={t("alerts.severity")} options={["critical", "warning"].map((name) => [name, word("severity", name)])} />
      </div>
      <Answered of={found} rows={5}>
        {({ items, nextCursor }) => (
          <>
            <Table
              label={t("alerts.history")}
              items={items}
              keyOf={(alert) => alert.id}
              empty={query.kind || query.severity ? <Empty title={t("alerts.noMatch")} note={t("table.narrowed")} /> : <Empty title={t("alerts.noHistory")} />}
              columns={[
                { head: t("alerts.severity"), cell: (alert) => <Badge tone={severityTone(alert.severity)}>{word("severity", alert.severity)}</Badge> },
                {
                  head: t("alerts.kind"),
                  cell: (alert) => (
                    <>
                      <strong>{word("alertKind", alert.kind)}</strong>
                      {alert.detail && <small class="under">{alert.detail}</small>}
                    </>
                  ),
                },
                { head: t("alerts.subject"), cell: (alert) => <Link to={alert.path}>{alert.subject.name || word("alertThing", alert.subject.kind)}</Link> },
                { head: t("alerts.worst"), number: true, cell: (alert) => figure(alert.worst, alert.unit) || NOTHING },
                { head: t("alerts.began"), number: true, cell: (alert) => <time title={moment(alert.since)}>{ago(alert.since)}</time> },
                { head: t("alerts.lasted"), number: true, cell: (alert) => alert.endedAt && duration(Date.parse(alert.endedAt) - Date.parse(alert.since)) },
              ]}
            />
            <Pages next={nextCursor} sizes />
          </>
        )}
      </Answered>
    </Panel>
  );
}

function Rules(): JSX.Element {
  const rules = usePolled<Page_AlertRule>("/api/alerts/rules", 60_000);
  return (
    <Panel title={t("alerts.rules")} side={<span class="note">{t("alerts.rulesNote")}</span>}>
      <Answered of={rules}>
        {({ items }) => (
          <Table
            label={t("alerts.rules")}
            items={items}
            keyOf={(rule) => rule.name}
            empty={<Empty title={t("alerts.noRules")} note={t("alerts.rulesNote")} />}
            columns={[
              {
                head: t("keys.name"),
                cell: (rule) => (
                  <>
                    <strong>{word("alertKind", rule.kind)}</strong>
                    <small class="under mono">{rule.name}</small>
                  </>
                ),
              },
              { head: t("alerts.severity"), cell: (rule) => <Badge tone={severityTone(rule.severity)}>{word("severity", rule.severity)}</Badge> },
              { head: t("alerts.above"), number: true, cell: (rule) => figure(rule.above, rule.unit) || NOTHING },
              { head: t("alerts.for"), number: true, cell: (rule) => (rule.afterMs > 0 ? duration(rule.afterMs) : t("alerts.atOnce")) },
              { head: t("alerts.within"), number: true, cell: (rule) => duration(rule.withinMs) },
              { head: t("alerts.again"), number: true, cell: (rule) => duration(rule.cooldownMs) },
              { head: t("alerts.looksAt"), cell: (rule) => looksAt(rule) },
            ]}
          />
        )}
      </Answered>
    </Panel>
  );
}

function looksAt(rule: AlertRule): string {
  return rule.queues.length > 0 ? rule.queues.join(", ") : t("alerts.all");
}

function Channels(): JSX.Element {
  const channels = usePolled<Page_AlertChannel>("/api/alerts/channels", 5_000);
  return (
    <Panel title={t("alerts.channels")}>
      <Answered of={channels}>
        {({ items }) => (
          <Table
            label={t("alerts.channels")}
            items={items}
            keyOf={(channel) => channel.name}
            empty={<Empty title={t("alerts.noChannels")} note={t("alerts.noChannelsNote")} />}
            columns={[
              { head: t("keys.name"), cell: (channel) => <strong>{channel.name}</strong> },
              { head: t("messages.kind"), cell: (channel) => word("channelKind", channel.type) },
              { head: t("contact.language"), cell: (channel) => word("language", channel.language) },
              { head: t("job.tenant"), cell: (channel) => (channel.tenant === "*" ? t("account.all") : channel.tenant) },
              { head: t("alerts.from"), cell: (channel) => word("severity", channel.severity) },
              {
                head: t("job.state"),
                cell: (channel) => (
                  <>
                    {channel.breaker ? <Badge tone={breakerTone(channel.breaker)}>{word("channelState", channel.breaker)}</Badge> : <Badge>{t("destinations.idle")}</Badge>}
                    {channel.lastError && <small class="under">{lineInWords(channel.lastError)}</small>}
                  </>
                ),
              },
              { head: "", cell: (channel) => <TestButton run={() => test(channel)} /> },
            ]}
          />
        )}
      </Answered>
    </Panel>
  );
}

async function test({ name }: AlertChannel): Promise<void> {
  const { jobs } = await call<AlertTest>(`/api/alerts/channels/${encodeURIComponent(name)}/test`, { method: "POST", body: {} });
  say(t("alerts.tested", { name }));
  if (jobs[0]) narrow({ job: jobs[0] }, true);
}

function severityTone(severity: string): "bad" | "warn" {
  return severity === "critical" ? "bad" : "warn";
}

/** A figure in its unit; empty where it only says that something is so. */
function figure(value: number, unit: string): string {
  if (unit === "percent") return percent(value / 100);
  if (unit === "seconds") return duration(value * 1_000);
  if (unit === "state") return "";
  return number(value, 1);
}

function figures({ value, above, worst, unit }: Alert): string {
  if (unit === "state") return "";
  return t("alerts.figures", { value: figure(value, unit), above: figure(above, unit), worst: figure(worst, unit) });
}
