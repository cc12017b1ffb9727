// What a server found wrong with a form, field by field.

import { Failure } from "../api/client.ts";
import { inWords } from "../api/words.ts";

export class Faults {
  private readonly by = new Map<string, string>();
  /** What belongs to no field that is shown. */
  readonly rest: string;

  constructor(failure: unknown = null, fields: readonly string[] = []) {
    const rest: string[] = [];
    if (failure instanceof Failure) {
      for (const { pointer, parameter, detail } of failure.problem?.errors ?? []) {
        const name = pointer ?? parameter ?? "";
        const field = fields.find((field) => name === field || name.startsWith(`${field}/`));
        if (field) this.by.set(field, [this.by.get(field), detail].filter(Boolean).join("; "));
        else rest.push(name ? `${name}: ${detail}` : detail);
      }
      if (this.by.size === 0 && rest.length === 0) rest.push(inWords(failure));
    } else if (failure !== null) {
      rest.push(inWords(failure));
    }
    this.rest = rest.join(" ");
  }

  at(field: string): string | undefined {
    return this.by.get(field);
  }
}
