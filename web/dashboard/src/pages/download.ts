// Dead letters as a file: all pages of the list, one after the other.

import { address, call } from "../api/client.ts";
import type { Job, Page_Job } from "../api/schema.ts";
import { t } from "../i18n.ts";
import { saveAs } from "../ui/copy.tsx";
import { say } from "../ui/toasts.tsx";
import { csvOf } from "./csv.ts";

export type Kind = "csv" | "ndjson";

/** What a browser holds in memory at once; more is for the API. */
const MAX_ROWS = 100_000;

export async function download(path: string, query: Record<string, string>, kind: Kind): Promise<void> {
  const jobs: Job[] = [];
  let cursor: string | null = "";
  do {
    const page: Page_Job = await call<Page_Job>(address(path, { ...query, cursor, limit: 500 }));
    jobs.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor && jobs.length < MAX_ROWS);
  if (cursor) say(t("dead.tooMany", { n: MAX_ROWS }), { bad: true });
  const name = `dead-letters-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.${kind}`;
  if (kind === "csv") saveAs(name, "text/csv", csvOf(jobs));
  else saveAs(name, "application/x-ndjson", jobs.map((job) => `${JSON.stringify(job)}\n`).join(""));
}
