// What a server says went wrong, as sentences: pure, so that it can be tested.

import type { Fault, Problem } from "./schema.ts";

/** Its faults where it names some, since all else then only says that there are some. */
export function told({ detail, errors }: Pick<Problem, "detail" | "errors">): string {
  const faults = errors ?? [];
  if (faults.length === 0) return detail;
  if (faults.length === 1) return faults[0]!.detail;
  return sentences(faults.map((fault) => [placeOf(fault), fault.detail].filter(Boolean).join(": ")));
}

/** Where a fault is, as a person may read it. */
export function placeOf({ pointer, parameter }: Pick<Fault, "pointer" | "parameter">): string {
  return (pointer ?? parameter ?? "").replace(/^\//, "");
}

/** Several, one after the other. */
export function sentences(all: string[]): string {
  return all.map((one) => one.replace(/\.$/, "")).join(". ");
}
