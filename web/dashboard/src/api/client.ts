// Calls of the API, and what may go wrong with them.

import { t } from "../i18n.ts";
import { connection, signedOut } from "../state/session.ts";
import type { Problem } from "./schema.ts";
import { told } from "./told.ts";

/** A call that did not end well, in the server's words or in ours. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly problem?: Problem,
  ) {
    super(message);
  }
}

/** Waits for an answer before a server counts as gone. */
const MAX_WAIT_MS = 20_000;

export interface Asked {
  method?: string;
  body?: unknown;
  signal?: AbortSignal;
  /** Under which key the call is carried out once, however often it is made. */
  once?: string | undefined;
  /** How long an answer is waited for. */
  waitMs?: number;
}

/** Calls the API; answers the body, or fails with a `Failure`. */
export async function call<T>(path: string, { method = "GET", body, signal, once, waitMs = MAX_WAIT_MS }: Asked = {}): Promise<T> {
  const limit = AbortSignal.timeout(waitMs);
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (once !== undefined) headers["idempotency-key"] = once;
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    connection.value = "lost";
    throw new Failure(0, "unreachable", String(error));
  }
  connection.value = "there";
  if (response.ok) return read<T>(response.status, text);
  const failure = failureOf(response.status, text);
  if (response.status === 401 && path !== "/api/session") signedOut(failure.code);
  throw failure;
}

/** What an answer says; one that is no JSON comes from something between here and the server. */
export function read<T>(status: number, text: string): T {
  if (!text) return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Failure(status, "no_json", t("state.noJson"));
  }
}

export function failureOf(status: number, text: string): Failure {
  try {
    const problem = JSON.parse(text) as Problem;
    return new Failure(status, problem.code, told(problem), problem);
  } catch {
    return new Failure(status, "no_problem", `${status}`);
  }
}

/** An address with those parameters that have a value. */
export function address(path: string, query: Record<string, string | number | undefined>): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}
