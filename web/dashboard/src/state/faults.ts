// What a server found wrong with a form, field by field.

import { useState } from "preact/hooks";
import { Failure } from "../api/client.ts";
import { placeOf, sentences } from "../api/told.ts";
import { inWords } from "../api/words.ts";
import { t } from "../i18n.ts";

/** What stands at a place below a field, as somebody wrote it. */
type CallOf = (place: string) => string | undefined;

export class Faults {
  private readonly by = new Map<string, string[]>();
  /** What belongs to no field that is shown. */
  readonly rest: string;

  constructor(failure: unknown = null, fields: readonly string[] = [], callOf: CallOf = () => undefined) {
    const rest: string[] = [];
    if (failure instanceof Failure) {
      for (const fault of failure.problem?.errors ?? []) {
        const name = fault.pointer ?? fault.parameter ?? "";
        const field = fields.find((field) => name === field || name.startsWith(`${field}/`));
        const place = field === undefined ? placeOf(fault) : callOf(name.slice(field.length + 1));
        const said = place ? `${place}: ${fault.detail}` : fault.detail;
        if (field === undefined) rest.push(said);
        else this.by.set(field, [...(this.by.get(field) ?? []), said]);
      }
      if (this.by.size === 0 && rest.length === 0) rest.push(inWords(failure));
    } else if (failure !== null) {
      rest.push(inWords(failure));
    }
    this.rest = sentences(rest);
  }

  at(field: string): string | undefined {
    const all = this.by.get(field);
    return all && sentences(all);
  }

  /** Whether a field shows any of them. */
  get areShown(): boolean {
    return this.by.size > 0;
  }
}

export interface Faulty {
  at(field: string): string | undefined;
  /** Does something; what is wrong with a field stands beside it then, and the failure says all else. */
  during<T>(work: () => Promise<T>): Promise<T>;
}

/** Faults of a dialog, which says below its fields what belongs to none of them. */
export function useFaults(fields: readonly string[], callOf?: CallOf): Faulty {
  const [faults, set] = useState(new Faults());
  const during = async <T>(work: () => Promise<T>): Promise<T> => {
    set(new Faults());
    try {
      return await work();
    } catch (error) {
      const found = new Faults(error, fields, callOf);
      set(found);
      if (!found.areShown) throw error;
      throw new Failure(422, "faulty", sentences([t("form.incomplete"), found.rest].filter(Boolean)));
    }
  };
  return { at: (field) => faults.at(field), during };
}
