// Whose things a page shows. A key of one tenant answers that by itself; with a key for all tenants,
// one is chosen, stands in the address, and stays chosen on the next page.

import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import type { Page_Destination } from "../api/schema.ts";
import { usePolled } from "./poll.ts";
import { narrow, parameter } from "./route.ts";
import { who } from "./session.ts";

const last = signal("");

export interface Whose {
  /** For `?tenant=`; empty with a key of one tenant. */
  tenant: string;
  /** Whether a tenant has to be chosen first. */
  isOpen: boolean;
  /** Whether there is a choice at all. */
  isChoice: boolean;
  /** Whether things of all tenants can be shown together. */
  mayAll: boolean;
  /** Tenants that are known from the configuration. */
  known: string[];
}

/** Whether the key that is signed in with is for all tenants. */
export function isOfAll(): boolean {
  return who.value?.tenant === "*";
}

/** Chooses one; none for all. */
export function choose(tenant: string): void {
  last.value = tenant;
  narrow({ tenant, cursor: "" });
}

export function useTenant({ mayAll = false } = {}): Whose {
  const isChoice = isOfAll();
  const destinations = usePolled<Page_Destination>(isChoice ? "/api/destinations" : null, 60_000);
  // A name with a line before it is Cauce's own.
  const names = destinations.data?.items.map(({ tenant }) => tenant).filter((tenant) => !tenant.startsWith("_"));
  const known = [...new Set(names)].sort();
  const asked = isChoice ? parameter("tenant") : "";
  const guess = last.value || (known.length === 1 && !mayAll ? known[0]! : "");
  useEffect(() => {
    if (asked) last.value = asked;
    else if (isChoice && guess) narrow({ tenant: guess });
  }, [isChoice, asked, guess]);
  return { tenant: asked, isOpen: isChoice && !asked && !mayAll, isChoice, mayAll, known };
}
