// How the queues of messages stand, the gate before them, and each account that sends.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address, call } from "../../api/client.ts";
import type { MessageMetrics, MessageSender } from "../../api/schema.ts";
import { inWords } from "../../api/words.ts";
import { duration, number } from "../../format.ts";
import { counted, t, word } from "../../i18n.ts";
import { usePolled } from "../../state/poll.ts";
import { may } from "../../state/session.ts";
import { Answered } from "../../ui/answered.tsx";
import { Badge, Empty, Figure, Panel } from "../../ui/basics.tsx";
import { Ask } from "../../ui/dialog.tsx";
import { Table } from "../../ui/table.tsx";
import { done, say } from "../../ui/toasts.tsx";
import { RateUsed } from "../destinations.tsx";
import { breakerTone, toneOf } from "../tones.ts";

export function MessageStanding({ tenant }: { tenant: string }): JSX.Element {
  const found = usePolled<MessageMetrics>(address("/api/whatsapp/queue/metrics", { tenant }));
  return (
    <Answered of={found} rows={4}>
      {(metrics) => (
        <>
          <dl class="figures">
            <Figure label={t("state.waiting")} value={number(metrics.waiting)} note={metrics.scheduled > 0 ? counted("messages.scheduled", metrics.scheduled) : undefined} />
            <Figure label={t("state.active")} value={number(metrics.active)} />
            <Figure label={t("messages.given")} value={number(metrics.processingRate, 1)} note={t("unit.perMinute")} />
            <Figure label={t("queues.p95")} value={duration(metrics.latencyMs.p95)} />
            <Figure label={t("nav.dead")} value={number(metrics.dlq)} tone={metrics.dlq > 0 ? "bad" : "plain"} to="/messages?status=failed" />
            <Figure label={t("messageState.unknown")} value={number(metrics.unknown)} tone={metrics.unknown > 0 ? "warn" : "plain"} to="/messages/unknown" />
          </dl>
          <Panel title={t("messages.senders")} side={<Gate metrics={metrics} tenant={tenant} />}>
            <Senders senders={metrics.senders} />
          </Panel>
        </>
      )}
    </Answered>
  );
}

function Senders({ senders }: { senders: MessageSender[] }): JSX.Element {
  return (
    <Table
      label={t("messages.senders")}
      items={senders}
      keyOf={(sender) => sender.name}
      empty={<Empty title={t("campaign.noSenders")} note={t("campaign.noSendersNote")} />}
      columns={[
        { head: t("keys.name"), cell: (sender) => <strong>{sender.name}</strong> },
        { head: t("destinations.platform"), cell: (sender) => word("platform", sender.platform) },
        {
          head: t("job.state"),
          cell: (sender) => (sender.held ? <Badge tone="bad">{t("messages.held")}</Badge> : <Badge tone="good">{t("messages.ready")}</Badge>),
        },
        { head: t("destinations.breaker"), cell: (sender) => <Badge tone={breakerTone(sender.circuitBreaker)}>{word("breaker", sender.circuitBreaker)}</Badge> },
        { head: t("destinations.rate"), cell: (sender) => <RateUsed windows={sender.rate} /> },
        { head: t("destinations.inFlight"), number: true, cell: (sender) => number(sender.inFlight) },
      ]}
    />
  );
}

/** Pauses after a question, resumes at once; what is undone stands as it stood before. */
function Gate({ metrics, tenant }: { metrics: MessageMetrics; tenant: string }): JSX.Element {
  const [asked, ask] = useState<"pause" | "drain" | null>(null);
  const order = (what: string): Promise<unknown> => call(address(`/api/whatsapp/queue/${what}`, { tenant }), { method: "POST", body: {} });
  const resume = async (): Promise<void> => {
    const back = metrics.gate === "draining" ? "drain" : "pause";
    try {
      await done(t("messages.resumed"), () => order("resume"), () => order(back));
    } catch (error) {
      say(inWords(error), { bad: true });
    }
  };
  return (
    <>
      <Badge tone={toneOf(metrics.gate)}>{word("gate", metrics.gate)}</Badge>
      {may("manage") &&
        (metrics.gate === "open" ? (
          <>
            <button type="button" class="small" onClick={() => ask("pause")}>
              {t("queue.pause")}
            </button>
            <button type="button" class="small" onClick={() => ask("drain")}>
              {t("queue.drain")}
            </button>
          </>
        ) : (
          <button type="button" class="small primary" onClick={() => void resume()}>
            {t("queue.resume")}
          </button>
        ))}
      {asked && (
        <Ask
          title={t(`messages.${asked}Title`)}
          confirm={t(`queue.${asked}`)}
          onClose={() => ask(null)}
          run={async () => {
            await done(t(asked === "pause" ? "messages.paused" : "messages.draining"), () => order(asked), () => order("resume"));
            ask(null);
          }}
        >
          <p>{counted(`messages.${asked}Note`, metrics.waiting)}</p>
        </Ask>
      )}
    </>
  );
}
