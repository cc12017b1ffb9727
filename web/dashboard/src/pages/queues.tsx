// All queues.

import type { JSX } from "preact";
import type { Queue } from "../api/schema.ts";
import { bytes, duration, number } from "../format.ts";
import { t } from "../i18n.ts";
import { useQueues } from "../state/live.ts";
import { Answered } from "../ui/answered.tsx";
import { Empty, Heading, Link, Panel } from "../ui/basics.tsx";
import { Table } from "../ui/table.tsx";
import { GateBadge } from "./gate.tsx";
import { DeadCount } from "./overview.tsx";
import { GateButton } from "./queue_actions.tsx";

export function QueueList(): JSX.Element {
  const queues = useQueues();
  return (
    <>
      <Heading title={t("nav.queues")} note={t("queues.note")} />
      <Panel>
        <Answered of={queues}>
          {({ items }) => (
            <Table
              label={t("nav.queues")}
              items={items}
              keyOf={(queue) => queue.name}
              empty={<Empty title={t("queues.none")} note={t("queues.noneNote")} />}
              columns={[
                { head: t("queues.queue"), cell: (queue) => <Link to={`/queues/${encodeURIComponent(queue.name)}`}>{queue.name}</Link> },
                { head: t("queues.gate"), cell: (queue) => <GateBadge queue={queue} /> },
                { head: t("state.waiting"), number: true, cell: (queue) => number(queue.counts.waiting) },
                { head: t("state.scheduled"), number: true, cell: (queue) => number(queue.counts.scheduled) },
                { head: t("state.active"), number: true, cell: (queue) => number(queue.counts.active) },
                { head: t("state.completed"), number: true, cell: (queue) => number(queue.counts.completed) },
                { head: t("state.dead"), number: true, cell: (queue) => <DeadCount queue={queue} /> },
                { head: t("queues.oldest"), number: true, cell: oldest },
                { head: t("queues.size"), number: true, cell: (queue) => bytes(queue.pendingBytes) },
                { head: "", cell: (queue) => <GateButton queue={queue} small /> },
              ]}
            />
          )}
        </Answered>
      </Panel>
    </>
  );
}

function oldest(queue: Queue): string {
  return duration(queue.oldestWaitingSeconds == null ? null : queue.oldestWaitingSeconds * 1_000);
}
