// A call as it was filled in, and the same call for curl.

import type { Operation } from "./document.ts";

/** What was filled in, by the name of its place and its own. */
export type Values = Record<string, string>;

export interface Filled {
  values: Values;
  body: string;
  kind: string;
}

export interface Prepared {
  method: string;
  path: string;
  headers: [string, string][];
  body: string | undefined;
}

export function place(parameter: { in: string; name: string }): string {
  return `${parameter.in}:${parameter.name}`;
}

/** The parameters that have to be filled in and are not. */
export function missing(operation: Operation, values: Values): string[] {
  const needed = operation.parameters.filter((parameter) => parameter.in === "path" || parameter.required);
  return needed.filter((parameter) => !values[place(parameter)]?.trim()).map(place);
}

/** What is wrong with a body that is to be JSON; none where nothing is. */
export function fault(kind: string, body: string): string | undefined {
  if (!kind.endsWith("json") || !body.trim()) return undefined;
  try {
    JSON.parse(body);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The call; a place of the path that is empty stays as it is written. */
export function prepared(operation: Operation, { values, body, kind }: Filled): Prepared {
  const given = (where: string): [string, string][] =>
    operation.parameters
      .filter((parameter) => parameter.in === where)
      .map((parameter): [string, string] => [parameter.name, (values[place(parameter)] ?? "").trim()])
      .filter(([, value]) => value !== "");
  let path = operation.path;
  for (const [name, value] of given("path")) path = path.replace(`{${name}}`, encodeURIComponent(value));
  const query = new URLSearchParams(given("query")).toString();
  const has = operation.bodies.length > 0 && body.trim() !== "";
  const headers = given("header");
  if (has) headers.push(["Content-Type", kind]);
  return { method: operation.method, path: query ? `${path}?${query}` : path, headers, body: has ? body : undefined };
}

/** The header that a key is shown in: public write keys have one of their own. */
export function keyHeader(key: string): [string, string] {
  return key.startsWith("cw_") ? ["X-Write-Key", key] : ["Authorization", `Bearer ${key}`];
}

/** The call for a shell. The key is a variable, so that none gets into a file of commands. */
export function curl(operation: Operation, call: Prepared, origin: string): string {
  const streams = operation.answers.some(({ content }) => content.some(({ kind }) => kind === "text/event-stream"));
  const lines = [`curl ${streams ? "-N " : ""}${call.method === "GET" ? "" : `-X ${call.method} `}${quoted(origin + call.path)}`];
  if (operation.scope !== undefined) lines.push('-H "Authorization: Bearer $CAUCE_KEY"');
  for (const [name, value] of call.headers) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (call.body !== undefined) lines.push(`--data-binary ${quoted(call.body)}`);
  return lines.join(" \\\n  ");
}

/** A word for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
