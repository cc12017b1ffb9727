import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job } from "../src/api/schema.ts";
import { csvOf as csv } from "../src/pages/csv.ts";

const job = (group: string, detail: string): Job => ({ id: "job_1", group, lastError: { code: "c", detail } }) as Job;

test("cells with commas, quotes and lines are quoted", () => {
  const [, line] = csv([job("a,b", 'say "no"')]).split("\r\n");
  assert.equal(line, 'job_1,,,,"a,b",,,,,c,"say ""no"""');
});

test("a text that a spreadsheet would run is taken for a text", () => {
  for (const text of ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]) {
    assert.ok(csv([job(text, "x")]).includes(`'${text}`), JSON.stringify(text));
  }
});
