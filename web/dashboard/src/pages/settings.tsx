// Destinations, keys, the audit log, and what runs here.

import type { JSX } from "preact";
import { address } from "../api/client.ts";
import type { Page_AuditEntry, Ready, Version } from "../api/schema.ts";
import { moment } from "../format.ts";
import { type Text, t, word } from "../i18n.ts";
import { usePolled } from "../state/poll.ts";
import { parameter } from "../state/route.ts";
import { Answered } from "../ui/answered.tsx";
import { Badge, Empty, Heading, Link, NoPage, Panel } from "../ui/basics.tsx";
import { Pages, Table } from "../ui/table.tsx";
import { Destinations } from "./destinations.tsx";
import { Keys } from "./keys.tsx";
import { foundInWords } from "./reason.ts";
import { toneOf } from "./tones.ts";

const TABS: [string, Text][] = [
  ["destinations", "settings.destinations"],
  ["keys", "settings.keys"],
  ["audit", "settings.audit"],
  ["system", "settings.system"],
];

export function Settings({ tab }: { tab: string }): JSX.Element {
  if (!TABS.some(([name]) => name === tab)) return <NoPage />;
  return (
    <>
      <Heading title={t("nav.settings")} />
      <nav class="tabs" aria-label={t("nav.settings")}>
        {TABS.map(([name, text]) => (
          <Link key={name} to={`/settings/${name}`} current={tab === name}>
            {t(text)}
          </Link>
        ))}
      </nav>
      {tab === "destinations" && <Destinations />}
      {tab === "keys" && <Keys />}
      {tab === "audit" && <Audit />}
      {tab === "system" && <System />}
    </>
  );
}

function Audit(): JSX.Element {
  const entries = usePolled<Page_AuditEntry>(address("/api/audit", { cursor: parameter("cursor") }), 5_000);
  return (
    <Panel title={t("settings.audit")}>
      <Answered of={entries} rows={8}>
        {({ items, nextCursor }) => (
          <>
            <Table
              label={t("settings.audit")}
              items={items}
              keyOf={(entry) => entry.id}
              empty={<Empty title={t("audit.none")} />}
              columns={[
                { head: t("audit.when"), cell: (entry) => <time>{moment(entry.createdAt)}</time> },
                { head: t("audit.who"), cell: (entry) => <strong class="named">{entry.keyName}</strong> },
                { head: t("audit.action"), cell: (entry) => <code>{entry.action}</code> },
                { head: t("audit.object"), cell: (entry) => <span class="cut mono">{entry.object}</span> },
                { head: t("job.tenant"), cell: (entry) => entry.tenant },
                { head: t("audit.outcome"), cell: (entry) => <Badge tone={entry.outcome === "ok" ? "good" : "bad"}>{word("outcome", entry.outcome)}</Badge> },
              ]}
            />
            <Pages next={nextCursor} />
          </>
        )}
      </Answered>
    </Panel>
  );
}

function System(): JSX.Element {
  const version = usePolled<Version>("/version", 60_000);
  const ready = usePolled<Ready>("/readyz", 5_000);
  return (
    <Panel
      title={t("settings.system")}
      side={
        <>
          {version.data && <span class="num">Cauce {version.data.version}</span>}
          <a href="/docs">{t("nav.docs")}</a>
        </>
      }
    >
      <Answered of={ready}>
        {({ checks }) => (
          <Table
            label={t("settings.system")}
            items={checks}
            keyOf={(check) => check.name}
            empty={<Empty title={t("audit.none")} />}
            columns={[
              { head: t("system.check"), cell: (check) => <strong>{word("check", check.name)}</strong> },
              { head: t("job.state"), cell: (check) => <Badge tone={toneOf(check.state)}>{word("state", check.state)}</Badge> },
              { head: t("system.found"), cell: (check) => foundInWords(check.detail) },
            ]}
          />
        )}
      </Answered>
    </Panel>
  );
}
