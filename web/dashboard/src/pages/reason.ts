// Why something failed or waits, in the language of the page.

import type { Gate, JobDetail, Why } from "../api/schema.ts";
import { moment } from "../format.ts";
import { counted, t, word } from "../i18n.ts";
import { partsOf, textOf } from "./reason_table.ts";

interface Told {
  code: string;
  detail?: string | null | undefined;
}

export function reasonInWords({ code, detail }: Told): string {
  const text = textOf(code);
  return text ? t(text) : detail || code;
}

/** The same, of a reason that comes in one line. */
export function lineInWords(line: string): string {
  const { code, detail } = partsOf(line);
  const text = textOf(code);
  return text ? t(text) : code ? `${code}: ${detail}` : detail;
}

/** Why a job stands where it stands, as far as its state does not say it. */
export function whyInWords(job: JobDetail, why: Why | undefined): string {
  if (job.state !== "waiting" && job.state !== "scheduled") return job.lastError ? reasonInWords(job.lastError) : "";
  if (!why) return "";
  if (why.gates.length === 0) return t("hold.none");
  return why.gates.map((gate) => gateInWords(gate, job, why)).join("; ");
}

/** What holds jobs back, and until when. */
export function holdInWords(gate: Gate): string {
  const known = word("hold", gate.name);
  return until(known === gate.name ? gate.detail : known, gate);
}

function gateInWords(gate: Gate, job: JobDetail, why: Why): string {
  if (gate.name === "place" && why.position) return counted("hold.before", why.position);
  if (gate.name === "due" && job.lastError) return until(`${reasonInWords(job.lastError)}, ${t("hold.backoff")}`, gate);
  return holdInWords(gate);
}

function until(what: string, { opensAt }: Gate): string {
  const isAhead = opensAt && Date.parse(opensAt) > Date.now();
  return isAhead ? t("hold.until", { what, at: moment(opensAt) }) : what;
}

/** What a check found, of the system or of credentials; a few of them have figures in their sentence. */
export function foundInWords(detail: string): string {
  const [, free, kept] = /^(.+) free, (.+) are kept free$/.exec(detail) ?? [];
  if (free && kept) return t("found.disk", { free, kept });
  const [, fault] = /^(?:the platform could not be asked \(|not reached: )(\w+)\)?$/.exec(detail) ?? [];
  if (fault) return t("found.notAsked", { why: reasonInWords({ code: fault }) });
  return word("found", detail);
}
