// Where things go: how the way there stands, and whether the credentials are good.

import type { JSX } from "preact";
import { call } from "../api/client.ts";
import type { Destination, Line, Page_Destination, Token, Window } from "../api/schema.ts";
import { ago, duration, moment } from "../format.ts";
import { t, word } from "../i18n.ts";
import { refresh, usePolled } from "../state/poll.ts";
import { Answered } from "../ui/answered.tsx";
import { Badge, Empty, Meter, Panel } from "../ui/basics.tsx";
import { Table } from "../ui/table.tsx";
import { TestButton } from "../ui/test_button.tsx";
import { say } from "../ui/toasts.tsx";
import { foundInWords, holdInWords, lineInWords } from "./reason.ts";
import { breakerTone, toneOf } from "./tones.ts";

export function Destinations(): JSX.Element {
  const destinations = usePolled<Page_Destination>("/api/destinations");
  return (
    <Panel title={t("settings.destinations")}>
      <Answered of={destinations}>
        {({ items }) => (
          <Table
            label={t("settings.destinations")}
            items={items}
            keyOf={(item) => `${item.tenant}/${item.name}`}
            empty={<Empty title={t("destinations.none")} note={t("destinations.noneNote")} />}
            columns={[
              {
                head: t("destinations.name"),
                cell: (item) => (
                  <>
                    <strong>{item.name}</strong>
                    <small class="under">{item.baseUrl}</small>
                  </>
                ),
              },
              { head: t("job.tenant"), cell: (item) => item.tenant },
              { head: t("destinations.platform"), cell: (item) => word("platform", item.platform) },
              { head: t("destinations.breaker"), cell: (item) => <Breaker line={item.line} /> },
              { head: t("destinations.credentials"), cell: (item) => <Credentials token={item.credentials} /> },
              { head: "", cell: (item) => <TestButton run={() => test(item)} /> },
            ]}
          />
        )}
      </Answered>
    </Panel>
  );
}

export function Credentials({ token }: { token: Token }): JSX.Element {
  return (
    <>
      <Badge tone={token.state === "unknown" ? "plain" : toneOf(token.state)}>{word("credentials", token.state)}</Badge>
      <small class="under">
        {credentialsInWords(token)}
        {token.checkedAt && ` · ${ago(token.checkedAt)}`}
      </small>
    </>
  );
}

/** What is known of credentials beside their state. */
function credentialsInWords({ state, detail, expiresAt, checkedAt }: Token): string {
  if (state === "unknown") return checkedAt ? foundInWords(detail) : t("credentials.notYet");
  if (state === "valid" && !expiresAt) return t("credentials.noEnd");
  if (expiresAt) return t(state === "expired" ? "credentials.ended" : "credentials.until", { at: moment(expiresAt) });
  return lineInWords(detail);
}

export function Breaker({ line }: { line?: Line | null | undefined }): JSX.Element {
  if (!line) return <Badge>{t("destinations.idle")}</Badge>;
  const [gate] = line.gates;
  return (
    <>
      <Badge tone={breakerTone(line.breaker)}>{word("breaker", line.breaker)}</Badge>
      {(gate || line.lastError) && <small class="under">{gate ? holdInWords(gate) : lineInWords(line.lastError ?? "")}</small>}
    </>
  );
}

/** How much of each window of a quota is used. */
export function RateUsed({ windows = [] }: { windows?: Window[] | undefined }): JSX.Element {
  if (windows.length === 0) return <>{t("destinations.noLimit")}</>;
  return (
    <span class="meters">
      {windows.map((window) => {
        const text = `${window.used} / ${window.max} · ${duration(window.perMs)}`;
        return <Meter key={window.perMs} label={t("destinations.rate")} value={window.used} max={window.max} text={text} />;
      })}
    </span>
  );
}

async function test({ name }: Destination): Promise<void> {
  tell(name, await call<Token>(`/api/destinations/${encodeURIComponent(name)}/test`, { method: "POST", body: {} }));
}

/** Says what was found out about credentials. */
export function tell(name: string, token: Token): void {
  say(`${name}: ${word("credentials", token.state)} – ${credentialsInWords(token)}`, { bad: toneOf(token.state) === "bad" });
  refresh();
}
