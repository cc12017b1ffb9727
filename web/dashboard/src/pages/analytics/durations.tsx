// How long things took: means that are exact, and quantiles that are estimated and say so.

import type { JSX } from "preact";
import type { AnalyticsDurations } from "../../api/schema.ts";
import { duration, number, percent } from "../../format.ts";
import { t } from "../../i18n.ts";
import { Empty, Panel } from "../../ui/basics.tsx";
import { SaveCsv } from "../../ui/save.tsx";
import { Table } from "../../ui/table.tsx";

export type Took = [what: string, how: AnalyticsDurations];

export function DurationTable({ title, rows }: { title: string; rows: Took[] }): JSX.Element {
  return (
    <>
      <Table
        label={title}
        items={rows}
        keyOf={([what]) => what}
        empty={<Empty title={t("tracking.nothing")} />}
        columns={[
          { head: t("tracking.what"), cell: ([what]) => <strong>{what}</strong> },
          { head: t("analytics.count"), number: true, cell: ([, how]) => number(how.count) },
          { head: t("analytics.mean"), number: true, cell: ([, how]) => duration(how.meanMs) },
          { head: t("analytics.median"), number: true, cell: ([, how]) => duration(how.p50Ms) },
          { head: "p95", number: true, cell: ([, how]) => duration(how.p95Ms) },
          { head: "p99", number: true, cell: ([, how]) => duration(how.p99Ms) },
        ]}
      />
      <p class="note">{estimated(rows)}</p>
    </>
  );
}

/** Which of these figures are estimated, and by how much they may be off. */
export function estimated(rows: Took[]): string {
  return t("analytics.estimated", { share: percent(Math.max(0, ...rows.map(([, how]) => how.quantileError))) });
}

export function DurationPanel({ title, rows, children }: { title: string; rows: Took[]; children?: JSX.Element }): JSX.Element {
  const cells = rows.map(([what, how]) => [what, how.count, how.meanMs, how.p50Ms, how.p95Ms, how.p99Ms, how.quantileError]);
  return (
    <Panel title={title} side={<SaveCsv title={title} head={["what", "count", "meanMs", "p50Ms", "p95Ms", "p99Ms", "quantileError"]} rows={cells} />}>
      {children}
      <DurationTable title={title} rows={rows} />
    </Panel>
  );
}
