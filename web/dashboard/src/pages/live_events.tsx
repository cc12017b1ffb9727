// Events of web sites as they come in.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { address } from "../api/client.ts";
import { clock } from "../format.ts";
import { t } from "../i18n.ts";
import { Empty, Panel } from "../ui/basics.tsx";
import { Table } from "../ui/table.tsx";

/** What is shown; older ones go. */
const MAX_SHOWN = 50;
/** At most so often is the list drawn anew. */
const DRAW_EVERY_MS = 500;

interface Live {
  eventId: string;
  eventType: string;
  tenantId: string;
  occurredAt: string;
  metadata?: Record<string, unknown>;
}

export function LiveEvents({ tenant }: { tenant: string }): JSX.Element {
  const [on, turn] = useState(true);
  const [events, show] = useState<Live[]>([]);
  const waiting = useRef<Live[]>([]);
  useEffect(() => {
    if (!on) return undefined;
    let source: EventSource | undefined;
    // A page that nobody sees holds no stream.
    const follow = (): void => {
      source?.close();
      source = document.hidden ? undefined : new EventSource(address("/tracking-v2/stream", { tenant }));
      source?.addEventListener("tracking", (message) => {
        waiting.current.push(JSON.parse((message as MessageEvent<string>).data) as Live);
        if (waiting.current.length > MAX_SHOWN) waiting.current.shift();
      });
    };
    follow();
    document.addEventListener("visibilitychange", follow);
    const timer = setInterval(() => {
      const fresh = waiting.current.splice(0).reverse();
      if (fresh.length > 0) show((before) => [...fresh, ...before].slice(0, MAX_SHOWN));
    }, DRAW_EVERY_MS);
    return () => {
      source?.close();
      document.removeEventListener("visibilitychange", follow);
      clearInterval(timer);
    };
  }, [on, tenant]);
  return (
    <Panel
      title={t("live.title")}
      side={
        <button type="button" class="small" aria-pressed={!on} onClick={() => turn(!on)}>
          {on ? t("live.hold") : t("live.goOn")}
        </button>
      }
      class="live"
    >
      <Table
        label={t("live.title")}
        items={events}
        keyOf={(event) => event.eventId}
        empty={<Empty title={t("live.none")} note={t("live.noneNote")} />}
        columns={[
          { head: t("chart.time"), cell: (event) => clock(event.occurredAt) },
          { head: t("sampling.type"), cell: (event) => <code>{event.eventType}</code> },
          { head: t("job.tenant"), cell: (event) => event.tenantId },
          { head: t("live.data"), cell: (event) => <span class="cut mono">{JSON.stringify(event.metadata ?? {})}</span> },
        ]}
      />
    </Panel>
  );
}
