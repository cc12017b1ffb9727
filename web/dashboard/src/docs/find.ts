// Finds operations by words: in their names first, then in what is said of them, then in their fields.

import { type Operation, type Reference, type Schema, operations, resolved } from "./document.ts";

/** So deep are fields of fields looked at. */
const MAX_DEPTH = 4;

interface Entry {
  operation: Operation;
  /** What is searched, the weightiest first. */
  places: [text: string, weight: number][];
}

export type Index = Entry[];

export function index(reference: Reference): Index {
  return operations(reference).map((operation) => {
    const fields = new Set(operation.parameters.map((parameter) => parameter.name));
    for (const { schema } of [...operation.bodies, ...operation.answers.flatMap((answer) => answer.content)]) {
      collect(schema, reference.schemas, fields, MAX_DEPTH);
    }
    const heading = `${operation.method} ${operation.path} ${operation.id} ${operation.summary} ${operation.group}`;
    return {
      operation,
      places: [
        [plain(heading), 4],
        [plain(operation.description), 2],
        [plain([...fields].join(" ")), 1],
      ],
    };
  });
}

/** The operations in which every word is found, the best first; all of them where there is no word. */
export function find(entries: Index, text: string): Operation[] {
  const words = plain(text).split(/\s+/).filter(Boolean);
  const found = entries.map((entry) => ({ operation: entry.operation, weight: weigh(entry, words) }));
  const kept = found.filter(({ weight }) => weight > 0);
  // The sort is stable: what weighs the same stays in the order of the document.
  return kept.sort((a, b) => b.weight - a.weight).map(({ operation }) => operation);
}

function weigh({ places }: Entry, words: string[]): number {
  let sum = 1;
  for (const word of words) {
    const best = places.find(([text]) => text.includes(word));
    if (!best) return 0;
    sum += best[1];
  }
  return sum;
}

function collect(schema: Schema, schemas: Record<string, Schema>, into: Set<string>, depth: number): void {
  if (depth === 0) return;
  const whole = resolved(schema, schemas);
  for (const [name, field] of Object.entries(whole.properties ?? {})) {
    into.add(name);
    collect(field, schemas, into, depth - 1);
  }
  if (whole.items) collect(whole.items, schemas, into, depth);
  if (typeof whole.additionalProperties === "object") collect(whole.additionalProperties, schemas, into, depth - 1);
  for (const part of [...(whole.oneOf ?? []), ...(whole.anyOf ?? []), ...(whole.allOf ?? [])]) collect(part, schemas, into, depth - 1);
}

/** Small letters without accents, so that nobody has to type them. */
function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
