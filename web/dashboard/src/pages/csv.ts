// Jobs as CSV.

import type { Job } from "../api/schema.ts";

const FIELDS = ["id", "tenant", "queue", "account", "group", "priority", "attempt", "createdAt", "finishedAt"] as const;

/** RFC 4180; a text that a spreadsheet would take for a formula gets a quote before it (OWASP, CSV injection). */
export function csv(jobs: Job[]): string {
  const head = [...FIELDS, "code", "detail"].join(",");
  const lines = jobs.map((job) =>
    [...FIELDS.map((field) => job[field]), job.lastError?.code, job.lastError?.detail].map(cell).join(","),
  );
  return [head, ...lines, ""].join("\r\n");
}

function cell(value: string | number | null | undefined): string {
  if (value == null) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
