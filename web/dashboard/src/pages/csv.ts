// Jobs as CSV.

import type { Job } from "../api/schema.ts";
import { csv } from "../csv.ts";

const FIELDS = ["id", "tenant", "queue", "account", "group", "priority", "attempt", "createdAt", "finishedAt"] as const;

export function csvOf(jobs: Job[]): string {
  const rows = jobs.map((job) => [...FIELDS.map((field) => job[field]), job.lastError?.code, job.lastError?.detail]);
  return csv([...FIELDS, "code", "detail"], rows);
}
