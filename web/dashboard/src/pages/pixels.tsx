// Conversion events for ad platforms: what became of them, and whether the tokens are good.

import type { JSX } from "preact";
import { address, call } from "../api/client.ts";
import type { Page_Token, PixelHealth, PixelStats, Token } from "../api/schema.ts";
import { duration, moment, number, percent } from "../format.ts";
import { t, word } from "../i18n.ts";
import { usePolled } from "../state/poll.ts";
import { parameter } from "../state/route.ts";
import { Answered } from "../ui/answered.tsx";
import { Badge, Empty, Heading, Panel } from "../ui/basics.tsx";
import { Chart, type Series } from "../ui/chart.tsx";
import { Choice } from "../ui/filters.tsx";
import { Table } from "../ui/table.tsx";
import { TestButton } from "../ui/test_button.tsx";
import { Credentials, tell } from "./destinations.tsx";
import { useRange } from "./range.ts";
import { toneOf } from "./tones.ts";

export function Pixels(): JSX.Element {
  const range = useRange(parameter("range"));
  const stats = usePolled<PixelStats>(address("/api/pixels/stats", { ...range, platform: parameter("platform") }), 10_000);
  const health = usePolled<PixelHealth>("/api/pixels/health", 5_000);
  return (
    <>
      <Heading title={t("nav.pixels")} note={t("pixels.note")}>
        {health.data && <Badge tone={toneOf(health.data.status)}>{word("state", health.data.status)}</Badge>}
      </Heading>
      {health.data && health.data.reasons.length > 0 && (
        <ul class="notices panel">
          {health.data.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      <div class="filters">
        <Choice name="range" label={t("range.label")} any={t("range.day")} options={[["hour", t("range.hour")], ["week", t("range.week")]]} />
        <Choice name="platform" label={t("destinations.platform")} options={["meta", "google", "linkedin", "tiktok"].map((name) => [name, word("platform", name)])} />
      </div>
      <Answered of={stats} rows={8}>
        {(data) => (
          <>
            <Panel title={t("pixels.sent")}>
              <Sent stats={data} />
            </Panel>
            <Panel title={t("pixels.platforms")}>
              <Platforms stats={data} />
            </Panel>
          </>
        )}
      </Answered>
      <Tokens />
    </>
  );
}

const COLOURS = ["accent", "second", "good", "warn"] as const;

function Sent({ stats }: { stats: PixelStats }): JSX.Element {
  const names = Object.keys(stats.platforms);
  if (names.length === 0) return <Empty title={t("pixels.none")} note={t("pixels.noneNote")} />;
  const series: Series[] = names.map((name, index) => ({
    label: word("platform", name),
    colour: COLOURS[index % COLOURS.length]!,
    values: stats.series.map((step) => step.platforms[name]?.sent ?? 0),
  }));
  return <Chart label={t("pixels.sent")} times={stats.series.map((step) => Date.parse(step.at) / 1_000)} series={series} height={240} sums />;
}

function Platforms({ stats }: { stats: PixelStats }): JSX.Element {
  return (
    <Table
      label={t("pixels.platforms")}
      items={Object.entries(stats.platforms)}
      keyOf={([name]) => name}
      empty={<Empty title={t("pixels.none")} note={t("pixels.noneNote")} />}
      columns={[
        {
          head: t("destinations.platform"),
          cell: ([name, one]) => (
            <>
              <strong>{word("platform", name)}</strong>
              {one.lastError && <small class="under">{one.lastError}</small>}
            </>
          ),
        },
        { head: t("pixels.received"), number: true, cell: ([, one]) => number(one.received) },
        { head: t("pixels.sentCount"), number: true, cell: ([, one]) => number(one.sent) },
        { head: t("pixels.rejected"), number: true, cell: ([, one]) => number(one.rejected) },
        { head: t("pixels.success"), number: true, cell: ([, one]) => percent(one.successRate) },
        { head: t("pixels.retried"), number: true, cell: ([, one]) => number(one.retried) },
        { head: t("state.dead"), number: true, cell: ([, one]) => number(one.dead) },
        { head: t("pixels.withheld"), number: true, cell: ([, one]) => number(one.withheld) },
        { head: t("queues.p95"), number: true, cell: ([, one]) => duration(one.latencyMs.p95) },
        { head: t("pixels.perRequest"), number: true, cell: ([, one]) => number(one.eventsPerRequest, 1) },
        { head: t("pixels.saved"), number: true, cell: ([, one]) => number(one.requestsSaved) },
      ]}
    />
  );
}

function Tokens(): JSX.Element {
  const tokens = usePolled<Page_Token>("/api/pixels/tokens", 10_000);
  return (
    <Panel title={t("pixels.tokens")}>
      <Answered of={tokens}>
        {({ items }) => (
          <Table
            label={t("pixels.tokens")}
            items={items}
            keyOf={(token) => `${token.tenant}/${token.account}/${token.platform}`}
            empty={<Empty title={t("pixels.noTokens")} note={t("destinations.noneNote")} />}
            columns={[
              { head: t("job.account"), cell: (token) => <strong>{token.account}</strong> },
              { head: t("job.tenant"), cell: (token) => token.tenant },
              { head: t("destinations.platform"), cell: (token) => word("platform", token.platform) },
              { head: t("destinations.credentials"), cell: (token) => <Credentials token={token} /> },
              { head: t("pixels.expires"), number: true, cell: (token) => moment(token.expiresAt) },
              { head: "", cell: (token) => <TestButton run={() => verify(token)} /> },
            ]}
          />
        )}
      </Answered>
    </Panel>
  );
}

async function verify({ account, platform, tenant }: Token): Promise<void> {
  const { items } = await call<Page_Token>(address("/api/pixels/tokens/verify", { tenant }), { method: "POST", body: { account, platform } });
  if (items[0]) tell(items[0].account, items[0]);
}
