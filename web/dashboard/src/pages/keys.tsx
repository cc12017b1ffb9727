// Keys: made here, shown once, taken back.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address, call } from "../api/client.ts";
import { useOnce } from "../api/once.ts";
import type { Key, NewKey, Page_Key } from "../api/schema.ts";
import { ago, moment } from "../format.ts";
import { t, word } from "../i18n.ts";
import { refresh, usePolled } from "../state/poll.ts";
import { useFaults } from "../state/faults.ts";
import { parameter } from "../state/route.ts";
import { who } from "../state/session.ts";
import { Answered } from "../ui/answered.tsx";
import { Badge, Empty, Field, Panel, Wrong } from "../ui/basics.tsx";
import { Copy } from "../ui/copy.tsx";
import { Ask, Dialog } from "../ui/dialog.tsx";
import { Pages, Table } from "../ui/table.tsx";
import { done } from "../ui/toasts.tsx";

const SCOPES = ["ingest", "send", "read", "manage", "admin"] as const;
/** Fields that show what the server found wrong with them. */
const FIELDS = ["/name", "/tenant", "/scopes", "/expiresAt"];

export function Keys(): JSX.Element {
  const keys = usePolled<Page_Key>(address("/api/keys", { cursor: parameter("cursor") }), 5_000);
  const [making, make] = useState(false);
  const [made, show] = useState<NewKey | null>(null);
  const [revoking, revoke] = useState<Key | null>(null);
  return (
    <Panel
      title={t("settings.keys")}
      side={
        keys.data && (
          <button type="button" class="primary small" onClick={() => make(true)}>
            {t("keys.make")}
          </button>
        )
      }
    >
      <Answered of={keys} rows={6}>
        {({ items, nextCursor }) => (
          <>
            <Table
              label={t("settings.keys")}
              items={items}
              keyOf={(key) => key.id}
              empty={<Empty title={t("keys.none")} />}
              columns={[
                {
                  head: t("keys.name"),
                  cell: (key) => (
                    <>
                      <strong class="named">{key.name}</strong>
                      <small class="under mono">{key.id}</small>
                    </>
                  ),
                },
                { head: t("job.tenant"), cell: (key) => (key.tenant === "*" ? t("account.all") : key.tenant) },
                { head: t("keys.scopes"), cell: (key) => (key.site ? t("keys.public") : key.scopes.map((scope) => word("scope", scope)).join(", ")) },
                { head: t("keys.state"), cell: (key) => <KeyState of={key} /> },
                { head: t("keys.used"), number: true, cell: (key) => ago(key.lastUsedAt) },
                { head: t("job.created"), number: true, cell: (key) => <time title={moment(key.createdAt)}>{ago(key.createdAt)}</time> },
                {
                  head: "",
                  cell: (key) =>
                    !key.revokedAt && (
                      <button type="button" class="small danger-quiet" onClick={() => revoke(key)}>
                        {t("keys.revoke")}
                      </button>
                    ),
                },
              ]}
            />
            <Pages next={nextCursor} />
          </>
        )}
      </Answered>
      {making && (
        <MakeKey
          onClose={() => make(false)}
          onMade={(key) => {
            make(false);
            show(key);
            refresh();
          }}
        />
      )}
      {made && <Made made={made} onClose={() => show(null)} />}
      {revoking && (
        <Ask
          danger
          title={t("keys.revokeTitle", { name: revoking.name })}
          confirm={t("keys.revoke")}
          onClose={() => revoke(null)}
          run={async () => {
            await done(t("keys.revoked", { name: revoking.name }), () => call(`/api/keys/${encodeURIComponent(revoking.id)}`, { method: "DELETE" }));
            revoke(null);
          }}
        >
          <p>{revoking.id === who.value?.id ? t("keys.revokeOwn") : t("keys.revokeNote")}</p>
        </Ask>
      )}
    </Panel>
  );
}

function KeyState({ of: key }: { of: Key }): JSX.Element {
  if (key.revokedAt) return <Badge tone="bad">{t("keys.isRevoked")}</Badge>;
  if (key.expiresAt && Date.parse(key.expiresAt) <= Date.now()) return <Badge tone="warn">{t("keys.isExpired")}</Badge>;
  return (
    <>
      <Badge tone="good">{t("keys.isUsable")}</Badge>
      {key.expiresAt && <small class="under">{t("keys.until", { at: moment(key.expiresAt) })}</small>}
    </>
  );
}

function MakeKey({ onClose, onMade }: { onClose(): void; onMade(key: NewKey): void }): JSX.Element {
  const own = who.value;
  const [name, setName] = useState("");
  const [tenant, setTenant] = useState("");
  const [scopes, setScopes] = useState<string[]>(["read"]);
  const [days, setDays] = useState("");
  const [from] = useState(() => Date.now());
  const once = useOnce();
  const faults = useFaults(FIELDS);
  const run = async (): Promise<void> => {
    const body = {
      name,
      scopes,
      ...(tenant && { tenant }),
      ...(days && { expiresAt: new Date(from + Number(days) * 86_400_000).toISOString() }),
    };
    onMade(await faults.during(() => call<NewKey>("/api/keys", { method: "POST", body, once: once(body) })));
  };
  return (
    <Ask title={t("keys.make")} confirm={t("keys.make")} onClose={onClose} run={run}>
      <Field label={t("keys.name")} note={t("keys.nameNote")} wrong={faults.at("/name")}>
        <input name="name" required maxLength={100} value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </Field>
      {own?.tenant === "*" && (
        <Field label={t("job.tenant")} note={t("keys.tenantNote")} wrong={faults.at("/tenant")}>
          <input name="tenant" maxLength={100} value={tenant} onInput={(event) => setTenant(event.currentTarget.value)} />
        </Field>
      )}
      <fieldset>
        <legend>{t("keys.scopes")}</legend>
        {SCOPES.filter((scope) => own?.scopes.includes(scope)).map((scope) => (
          <label key={scope} class="inline">
            <input
              type="checkbox"
              checked={scopes.includes(scope)}
              onChange={(event) => setScopes(event.currentTarget.checked ? [...scopes, scope] : scopes.filter((one) => one !== scope))}
            />
            <span>
              {word("scope", scope)} <small>{t(`scope.${scope}.note`)}</small>
            </span>
          </label>
        ))}
        <Wrong text={faults.at("/scopes")} />
      </fieldset>
      <Field label={t("keys.days")} note={t("keys.daysNote")} wrong={faults.at("/expiresAt")}>
        <input name="days" type="number" min={1} max={3650} value={days} onInput={(event) => setDays(event.currentTarget.value)} />
      </Field>
    </Ask>
  );
}

function Made({ made, onClose }: { made: NewKey; onClose(): void }): JSX.Element {
  return (
    <Dialog title={t("keys.made", { name: made.name })} onClose={onClose}>
      <p>{t("keys.once")}</p>
      <p class="with-copy">
        <code class="secret">{made.key}</code> <Copy text={made.key} />
      </p>
      <div class="buttons">
        <button type="button" class="primary" onClick={onClose}>
          {t("keys.kept")}
        </button>
      </div>
    </Dialog>
  );
}
