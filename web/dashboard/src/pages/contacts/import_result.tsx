// What became of the rows of a file.

import type { JSX } from "preact";
import { address } from "../../api/client.ts";
import type { ContactImport } from "../../api/schema.ts";
import { number } from "../../format.ts";
import { counted, t, word } from "../../i18n.ts";
import { Badge, Figure } from "../../ui/basics.tsx";
import { Bars } from "../../ui/bars.tsx";

export function ImportResult({ result, tenant }: { result: ContactImport; tenant: string }): JSX.Element {
  // A heading alone is read well, and holds nobody.
  if (result.state === "done" && result.rows === 0) return <NoRows />;
  const reasons = Object.entries(result.reasons).sort(([, a], [, b]) => b - a);
  const tone = result.state === "done" ? "good" : result.state === "running" ? "busy" : "warn";
  return (
    <div class="fields result">
      <p>
        <Badge tone={tone}>{word("importState", result.state)}</Badge> {result.dryRun && t("import.checked")}
      </p>
      {result.reason && <p class="note">{t("import.ended", { why: result.reason })}</p>}
      <dl class="figures">
        <Figure label={t("tracking.rows")} value={number(result.rows)} />
        <Figure label={t("import.created")} value={number(result.created)} />
        <Figure label={t("import.updated")} value={number(result.updated)} />
        <Figure label={t("import.rejected")} value={number(result.rejected)} tone={result.rejected > 0 ? "bad" : "plain"} />
      </dl>
      {reasons.length > 0 && <Bars items={reasons.map(([reason, count]) => [word("reject", reason), count])} tone="bad" />}
      {result.rejectedUrl && (
        <p>
          <a class="button" href={address(`/api/contacts/imports/${encodeURIComponent(result.id)}/rejected`, { tenant })} download={`${result.id}-rejected.csv`}>
            {counted("import.download", result.rejectedKept)}
          </a>
        </p>
      )}
      <p class="note">
        {t("import.read", { encoding: result.encoding, columns: result.columns.filter(Boolean).join(", ") })}
      </p>
    </div>
  );
}

function NoRows(): JSX.Element {
  return (
    <p class="result">
      <Badge tone="warn">{t("import.noRows")}</Badge> {t("import.noRowsNote")}
    </p>
  );
}
