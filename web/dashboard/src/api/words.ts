// What went wrong, in the words of the page.

import { t } from "../i18n.ts";
import { Failure } from "./client.ts";

export function inWords(error: unknown): string {
  if (error instanceof Failure && error.status === 0) return t("state.unreachable");
  if (error instanceof Failure && error.code === "wrong_state") return `${t("state.elsewhere")} ${error.message}`;
  if (error instanceof Failure && error.code === "no_problem") return t("state.noProblem", { status: error.status });
  return error instanceof Error ? error.message : String(error);
}
