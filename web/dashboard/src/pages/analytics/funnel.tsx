// How far people came, from lead to sale: how many, what share of the step before, and how long it took.

import type { JSX } from "preact";
import type { ConversionAnalytics, FunnelStep } from "../../api/schema.ts";
import { duration, number, percent } from "../../format.ts";
import { t, word } from "../../i18n.ts";
import { Empty, Panel } from "../../ui/basics.tsx";
import { SaveCsv } from "../../ui/save.tsx";
import { Table } from "../../ui/table.tsx";
import { estimated } from "./durations.tsx";
import { inWords } from "./headline.tsx";

export function Funnel({ conversions }: { conversions: ConversionAnalytics }): JSX.Element {
  const { funnel, kinds } = conversions;
  const first = funnel[0]?.people ?? 0;
  const rows = funnel.map(({ step, people, rate, time }) => [step, people, rate, time.count, time.meanMs, time.p50Ms, time.p95Ms]);
  const title = t("analytics.funnel");
  return (
    <div class="columns beside">
      <Panel title={title} side={<SaveCsv title={title} head={["step", "people", "rate", "timed", "meanMs", "p50Ms", "p95Ms"]} rows={rows} />}>
        <Table
          label={title}
          items={first > 0 ? funnel : []}
          keyOf={({ step }) => step}
          empty={<Empty title={t("analytics.noFunnel")} note={t("analytics.noFunnelNote")} />}
          columns={[
            { head: t("analytics.stepOf"), cell: (step) => <Step step={step} of={first} /> },
            { head: t("analytics.people"), number: true, cell: ({ people }) => number(people) },
            { head: t("analytics.fromBefore"), number: true, cell: ({ rate }) => percent(rate) },
            { head: t("analytics.ofAll"), number: true, cell: ({ people }) => percent(people / first) },
            { head: t("analytics.timeMedian"), number: true, cell: ({ time }) => duration(time.p50Ms) },
            { head: "p95", number: true, cell: ({ time }) => duration(time.p95Ms) },
          ]}
        />
        {first > 0 && (
          <p class="note">
            {t("analytics.funnelNote")} {estimated(funnel.map(({ step, time }) => [step, time]))}
          </p>
        )}
      </Panel>
      <Panel title={t("analytics.conversions")} side={<SaveCsv title={t("analytics.conversions")} head={["kind", "count", "value", "currency"]} rows={worth(conversions)} />}>
        <Table
          label={t("analytics.conversions")}
          items={kinds}
          keyOf={({ kind }) => kind}
          empty={<Empty title={t("tracking.nothing")} />}
          columns={[
            { head: t("messages.kind"), cell: ({ kind }) => <strong>{word("conversion", kind)}</strong> },
            { head: t("analytics.count"), number: true, cell: ({ count }) => number(count) },
            { head: t("analytics.worth"), number: true, cell: ({ value }) => value.map((money) => <div key={money.currency}>{inWords(money)}</div>) },
          ]}
        />
      </Panel>
    </div>
  );
}

function Step({ step: { step, people }, of }: { step: FunnelStep; of: number }): JSX.Element {
  return (
    <span class="step">
      <strong>{word("conversion", step)}</strong>
      <span class="track" aria-hidden="true">
        <span class="fill" style={{ inlineSize: `${(100 * people) / Math.max(1, of)}%` }} />
      </span>
    </span>
  );
}

function worth({ kinds }: ConversionAnalytics): (string | number)[][] {
  return kinds.flatMap(({ kind, count, value }) => (value.length === 0 ? [[kind, count]] : value.map(({ amount, currency }) => [kind, count, amount, currency])));
}
