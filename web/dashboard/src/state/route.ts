// Where one is: the path and its parameters. All that a list is narrowed to stands in the address, so
// that it can be shared, kept and gone back to.

import { computed, signal } from "@preact/signals";

const here = signal(location.pathname + location.search);
addEventListener("popstate", () => (here.value = location.pathname + location.search));

const url = computed(() => new URL(here.value, location.origin));
export const path = computed(() => url.value.pathname);
/** The parts of the path, unescaped. */
export const parts = computed(() => path.value.split("/").filter(Boolean).map(unescaped));

/** A parameter of the address; empty where there is none. */
export function parameter(name: string): string {
  return url.value.searchParams.get(name) ?? "";
}

export function go(to: string): void {
  if (to === here.value) return;
  const samePage = to.split("?")[0] === path.value;
  history.pushState(null, "", to);
  here.value = to;
  if (!samePage) scrollTo(0, 0);
}

/** Sets parameters of the address; empty ones go. Other than a new page this leaves no step back. */
export function narrow(change: Record<string, string>, keep = false): void {
  const to = new URL(url.value);
  for (const [name, value] of Object.entries(change)) {
    if (value) to.searchParams.set(name, value);
    else to.searchParams.delete(name);
  }
  const text = to.pathname + to.search;
  if (keep) history.pushState(null, "", text);
  else history.replaceState(null, "", text);
  here.value = text;
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
