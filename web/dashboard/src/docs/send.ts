// Sends a call and reads its answer as it comes, so that a stream is seen while it flows.

import type { Prepared } from "./request.ts";

/** So much of an answer is kept on the page. */
export const MAX_SHOWN_CHARS = 200_000;

export interface Answered {
  status: number;
  statusText: string;
  headers: [string, string][];
  text: string;
  /** Whether more came than is shown. */
  cut: boolean;
  done: boolean;
  tookMs: number;
}

/** Sends; `tell` is told again and again, the last time with `done`. Fails where nobody answers. */
export async function send(
  call: Prepared,
  key: [string, string] | undefined,
  withSession: boolean,
  signal: AbortSignal,
  tell: (answered: Answered) => void,
): Promise<void> {
  const began = performance.now();
  const response = await fetch(call.path, {
    method: call.method,
    headers: key ? [...call.headers, key] : call.headers,
    credentials: withSession ? "same-origin" : "omit",
    cache: "no-store",
    signal,
    ...(call.body !== undefined && { body: call.body }),
  });
  const answered: Answered = {
    status: response.status,
    statusText: response.statusText,
    headers: [...response.headers],
    text: "",
    cut: false,
    done: false,
    tookMs: performance.now() - began,
  };
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  try {
    while (reader && !answered.cut) {
      const { done, value } = await reader.read();
      if (done) break;
      answered.text += decoder.decode(value, { stream: true });
      answered.cut = answered.text.length > MAX_SHOWN_CHARS;
      answered.text = answered.text.slice(0, MAX_SHOWN_CHARS);
      tell({ ...answered });
    }
    if (answered.cut) await reader?.cancel();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  tell({ ...answered, done: true, tookMs: performance.now() - began });
}

/** JSON with one thing on each line; other texts as they are. */
export function pretty({ headers, text, cut }: Answered): string {
  const kind = headers.find(([name]) => name === "content-type")?.[1] ?? "";
  return cut || !/[/+]json\b/.test(kind) ? text : indented(text);
}

/** Indents JSON as it is written: parsed and written anew, large integers would be others. */
export function indented(json: string): string {
  let depth = 0;
  const line = (): string => `\n${"  ".repeat(depth)}`;
  return json.replace(/"(?:[^"\\]|\\.)*"|\{\s*\}|\[\s*\]|[{}[\],:]|\s+/g, (token) => {
    if (token === "{" || token === "[") {
      depth++;
      return token + line();
    }
    if (token === "}" || token === "]") {
      depth--;
      return line() + token;
    }
    if (token === ",") return token + line();
    if (token === ":") return ": ";
    return token.startsWith('"') ? token : token.trim().replace(/\s/g, "");
  });
}
