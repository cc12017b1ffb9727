// What went wrong, in the words of the page.

import { has, t, word } from "../i18n.ts";
import { Failure } from "./client.ts";

export function inWords(error: unknown): string {
  if (!(error instanceof Failure)) return error instanceof Error ? error.message : String(error);
  if (error.status === 0) return t("state.unreachable");
  if (error.code === "wrong_state") return `${t("state.elsewhere")} ${error.message}`;
  if (error.code === "no_problem") return t("state.noProblem", { status: error.status });
  if (error.code === "missing_scope") return missingScope(error.message);
  // A few say no more than what kind of problem they are.
  const kind = `problem.${error.code}`;
  return has(kind) ? t(kind) : error.message;
}

/** The server names the scope that is missing in its sentence alone. */
function missingScope(message: string): string {
  const scope = /`(\w+)`/.exec(message)?.[1];
  return scope ? t("state.missingScope", { scope: word("scope", scope) }) : message;
}
