// One message: each request that was made for it, and everything its provider said of it, in order.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../../api/client.ts";
import type { MessageDetail } from "../../api/schema.ts";
import { duration, moment, number } from "../../format.ts";
import { counted, t, word } from "../../i18n.ts";
import { usePolled } from "../../state/poll.ts";
import { narrow } from "../../state/route.ts";
import { may } from "../../state/session.ts";
import { Answered } from "../../ui/answered.tsx";
import { Link, Pairs } from "../../ui/basics.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { type Deed, Question } from "../../ui/question.tsx";
import { reasonInWords } from "../reason.ts";
import { MessageState } from "./list.tsx";

export function MessageDrawer({ id, onClose }: { id: string; onClose(): void }): JSX.Element {
  const path = `/api/whatsapp/messages/${encodeURIComponent(id)}`;
  const message = usePolled<MessageDetail>(path);
  return (
    <Dialog drawer title={t("messages.one")} onClose={onClose}>
      <p class="with-copy">
        <code>{id}</code> <Copy text={id} />
      </p>
      <Answered of={message} rows={8}>
        {(data) => (
          <>
            <p class="why">
              <MessageState message={data} /> {data.error && reasonInWords(data.error)}
            </p>
            <Actions message={data} path={path} />
            <Facts message={data} />
            <h3>{t("messages.history")}</h3>
            <History message={data} />
          </>
        )}
      </Answered>
    </Dialog>
  );
}

function Facts({ message }: { message: MessageDetail }): JSX.Element {
  const metadata = Object.keys(message.metadata).length > 0 && JSON.stringify(message.metadata);
  return (
    <Pairs
      of={[
        [t("messages.to"), message.to],
        [t("campaign.sender"), message.sender],
        [t("job.tenant"), message.tenant],
        [t("messages.kind"), word("messageKind", message.type)],
        [t("job.priority"), word("priority", message.priority)],
        [t("job.position"), message.position == null ? null : number(message.position)],
        [t("job.due"), message.scheduledAt && moment(message.scheduledAt)],
        [t("campaign.title"), message.campaignId && <Link to={`/campaigns/${encodeURIComponent(message.campaignId)}`}>{message.campaignId}</Link>],
        [t("messages.contact"), message.contactId],
        [t("messages.conversation"), message.conversationId],
        [t("job.providerId"), message.providerId],
        [t("messages.metadata"), metadata],
      ]}
    />
  );
}

interface Step {
  at: string;
  kind: string;
  title: string;
  note?: string;
  error?: { code: string; detail: string } | null | undefined;
}

/** Everything in the order in which it happened. */
function steps(message: MessageDetail): Step[] {
  const attempts = message.attempts.map((attempt): Step => ({
    at: attempt.startedAt,
    kind: attempt.error ? "bad" : "good",
    title: t("job.attempt", { n: attempt.number }),
    note: [attempt.httpStatus && `HTTP ${attempt.httpStatus}`, duration(Date.parse(attempt.endedAt) - Date.parse(attempt.startedAt))].filter(Boolean).join(" · "),
    error: attempt.error,
  }));
  const told = message.callbacks.map((callback): Step => ({
    at: callback.receivedAt,
    kind: callback.error ? "bad" : "good",
    title: t("messages.told", { state: word("messageState", callback.status) }),
    error: callback.error,
  }));
  const answered: Step[] = message.answeredAt ? [{ at: message.answeredAt, kind: "good", title: t("messageState.answered") }] : [];
  return [...attempts, ...told, ...answered].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function History({ message }: { message: MessageDetail }): JSX.Element {
  return (
    <ol class="way">
      <li class="good">
        <strong>{t("job.taken")}</strong> <time>{moment(message.createdAt)}</time>
      </li>
      {steps(message).map((step, place) => (
        <li key={`${place} ${step.at}`} class={step.kind}>
          <strong>{step.title}</strong> <time>{moment(step.at)}</time>
          {step.note && <span class="note">{step.note}</span>}
          {step.error && (
            <span class="reason">
              <code>{step.error.code}</code> {reasonInWords(step.error)}
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}

/** What is asked about before it is done. */
type Wish = "takeBack" | "retry" | "delivered" | "dead";

function Actions({ message, path }: { message: MessageDetail; path: string }): JSX.Element {
  const [asked, ask] = useState<Wish | null>(null);
  const waits = message.status === "queued" || message.status === "scheduled";
  return (
    <div class="buttons">
      {waits && may("send") && (
        <button type="button" class="danger-quiet" onClick={() => ask("takeBack")}>
          {t("messages.takeBack")}
        </button>
      )}
      {message.status === "failed" && may("manage") && (
        <button type="button" class="primary" onClick={() => ask("retry")}>
          {t("dead.retry")}
        </button>
      )}
      {message.status === "unknown" &&
        may("manage") &&
        (["delivered", "dead"] as const).map((outcome) => (
          <button key={outcome} type="button" onClick={() => ask(outcome)}>
            {t(`messages.it.${outcome}`)}
          </button>
        ))}
      <button type="button" onClick={() => narrow({ message: "", job: message.id }, true)}>
        {t("messages.job")}
      </button>
      {asked && <Question deed={deedOf(asked, message, path)} onClose={() => ask(null)} />}
    </div>
  );
}

function deedOf(question: Wish, message: MessageDetail, path: string): Deed {
  const id = encodeURIComponent(message.id);
  const settle = (outcome: string): Promise<unknown> => call(`/api/jobs/${id}/resolve`, { method: "POST", body: { outcome } });
  const deeds: Record<Wish, Deed> = {
    takeBack: {
      title: t("messages.takeBackTitle"),
      note: t("messages.takeBackNote"),
      confirm: t("messages.takeBack"),
      said: t("messages.takenBack"),
      danger: true,
      work: () => call(path, { method: "DELETE" }),
    },
    retry: {
      title: t("messages.retryTitle"),
      note: t("messages.retryNote"),
      confirm: t("dead.retry"),
      said: t("messages.retried"),
      work: () => call(`/api/whatsapp/dlq/${id}/retry`, { method: "POST", body: {} }),
    },
    delivered: settling("delivered", () => settle("delivered")),
    dead: settling("dead", () => settle("dead")),
  };
  return deeds[question];
}

function settling(outcome: "delivered" | "dead", work: () => Promise<unknown>): Deed {
  return {
    title: counted(`messages.settle.${outcome}`, 1),
    confirm: t("messages.settleConfirm"),
    note: t(`messages.settleNote.${outcome}`),
    said: counted("messages.settled", 1),
    work,
  };
}
