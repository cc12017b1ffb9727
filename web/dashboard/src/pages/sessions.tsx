// Sessions of a messaging gateway: what the batches and the cache have saved, and one session.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address, call } from "../api/client.ts";
import type { Affected, BatchMetrics, CacheMetrics, Session } from "../api/schema.ts";
import { duration, number, percent } from "../format.ts";
import { counted, t, word } from "../i18n.ts";
import { usePolled } from "../state/poll.ts";
import { narrow, parameter } from "../state/route.ts";
import { may, who } from "../state/session.ts";
import { Answered } from "../ui/answered.tsx";
import { Badge, Empty, Figure, Heading, Pairs, Panel } from "../ui/basics.tsx";
import { Bars } from "../ui/bars.tsx";
import { Ask } from "../ui/dialog.tsx";
import { Search } from "../ui/filters.tsx";
import { done } from "../ui/toasts.tsx";

export function Sessions(): JSX.Element {
  const cache = usePolled<CacheMetrics>("/metrics/cache");
  const batch = usePolled<BatchMetrics>("/metrics/batch");
  return (
    <>
      <Heading title={t("nav.sessions")} note={t("sessions.note")} />
      <Answered of={batch} rows={2}>
        {(data) => (
          <dl class="figures">
            <Figure label={t("sessions.saved")} value={number(data.saved)} note={counted("sessions.savedNote", data.received)} />
            <Figure label={t("sessions.requests")} value={number(data.requests)} />
            <Figure label={t("sessions.coalesced")} value={number(data.coalesced + data.unchanged)} note={t("sessions.coalescedNote")} />
            <Figure label={t("sessions.waiting")} value={number(data.qrBatchSize + data.statusBatchSize)} note={t("sessions.flushed", { at: duration(data.timeSinceLastFlush) })} />
          </dl>
        )}
      </Answered>
      <Answered of={cache}>{(data) => <Cache cache={data} />}</Answered>
      <Lookup />
    </>
  );
}

/** Where lookups found their answer. */
function Cache({ cache }: { cache: CacheMetrics }): JSX.Element {
  const from: [string, number][] = [
    [t("sessions.local"), cache.localHits],
    [t("sessions.store"), cache.storeHits],
    [t("sessions.backend"), cache.backendHits],
    [t("sessions.stale"), cache.stale],
    [t("sessions.absent"), cache.absent],
    [t("sessions.failed"), cache.failed],
  ];
  return (
    <div class="columns">
      <Panel title={t("sessions.cache")} side={<strong class="num">{percent(cache.hitRate)}</strong>}>
        <Bars items={from} />
      </Panel>
      <Panel title={t("sessions.kept")}>
        <Pairs
          of={[
            [t("sessions.sessions"), number(cache.sessions)],
            [t("sessions.qrKeys"), number(cache.qrKeys)],
            [t("sessions.statusKeys"), number(cache.statusKeys)],
            [t("sessions.connectionKeys"), number(cache.connectionKeys)],
            [t("sessions.unkept"), number(cache.unkept)],
          ]}
        />
      </Panel>
    </div>
  );
}

function Lookup(): JSX.Element {
  const id = parameter("session");
  const tenant = parameter("tenant");
  const [typed, type] = useState(id);
  // Sessions of two tenants may have the same name.
  const isOfAll = who.value?.tenant === "*";
  const submit = (event: Event): void => {
    event.preventDefault();
    narrow({ session: typed.trim() }, true);
  };
  return (
    <Panel title={t("sessions.lookup")}>
      <form class="filters" role="search" onSubmit={submit}>
        <label class="field">
          <span>{t("sessions.id")}</span>
          <input type="search" name="session" required maxLength={128} value={typed} onInput={(event) => type(event.currentTarget.value)} />
        </label>
        {isOfAll && <Search name="tenant" label={t("job.tenant")} />}
        <button type="submit">{t("sessions.look")}</button>
      </form>
      {id && (tenant || !isOfAll) && <Found key={`${tenant}/${id}`} id={id} tenant={tenant} />}
      {id && !tenant && isOfAll && <Empty title={t("tracking.noTenant")} />}
    </Panel>
  );
}

function Found({ id, tenant }: { id: string; tenant: string }): JSX.Element {
  const path = `/api/sessions/${encodeURIComponent(id)}`;
  const session = usePolled<Session>(address(path, { tenant }), 5_000);
  const [asked, ask] = useState(false);
  return (
    <Answered of={session}>
      {(data) => (
        <>
          <dl class="pairs">
            <div>
              <dt>{t("sessions.state")}</dt>
              <dd>
                <Badge tone={data.active ? "good" : "plain"}>{data.active ? t("sessions.active") : t("sessions.inactive")}</Badge> {data.status && word("sessionStatus", data.status)}
              </dd>
            </div>
            <div>
              <dt>{t("sessions.from")}</dt>
              <dd>
                {word("sessionSource", data.source)} · {duration(data.ageMs)} {data.stale && <Badge tone="warn">{t("sessions.stale")}</Badge>}
              </dd>
            </div>
            <div>
              <dt>{t("sessions.qr")}</dt>
              <dd>{data.qr ? t("sessions.hasQr") : t("sessions.noQr")}</dd>
            </div>
          </dl>
          {may("manage") && (
            <button type="button" onClick={() => ask(true)}>
              {t("sessions.forget")}
            </button>
          )}
          {asked && (
            <Ask
              title={t("sessions.forgetTitle", { id })}
              confirm={t("sessions.forget")}
              onClose={() => ask(false)}
              run={async () => {
                await done(t("sessions.forgotten"), () => call<Affected>(address(`${path}/cache`, { tenant }), { method: "DELETE" }));
                ask(false);
              }}
            >
              <p>{t("sessions.forgetNote")}</p>
            </Ask>
          )}
        </>
      )}
    </Answered>
  );
}
