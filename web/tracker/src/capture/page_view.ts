// PAGE_VIEW: once for each address that is shown, those of single-page apps included. An address is
// another one if what is sent of it differs; a page that rewrites its fragment or its filters is
// still the same page.

import { guarded, listen } from "../guard.ts";
import { record } from "../record.ts";
import { cleanText, cleanUrl, page } from "./address.ts";

/** Apps set the title a moment after the address; redirects within that moment are one view. */
const TITLE_MS = 50;

let shown = "";
let timer: ReturnType<typeof setTimeout> | undefined;

export function capturePageViews(): void {
  view(document.referrer);
  const moved = (): void => {
    clearTimeout(timer);
    timer = setTimeout(left, TITLE_MS);
  };
  patch("pushState", moved);
  patch("replaceState", moved);
  listen("popstate", moved);
  // Left within that moment.
  listen("pagehide", left);
  // Shown again as it was, without being loaded.
  listen("pageshow", (event) => {
    if ((event as PageTransitionEvent).persisted) view((shown = ""));
  });
}

const left = guarded(() => view(shown));

function view(from: string): void {
  const url = page();
  if (url.href === shown) return;
  shown = url.href;
  record("PAGE_VIEW", {
    url: shown,
    path: url.pathname,
    title: cleanText(document.title, 256),
    referrer: from && cleanUrl(from),
    ...Object.fromEntries(url.searchParams),
  });
}

/** The page's own call comes first, and its errors stay its own. */
function patch(name: "pushState" | "replaceState", then: () => void): void {
  const original = history[name];
  history[name] = function (this: History, ...args: Parameters<History["pushState"]>) {
    original.apply(this, args);
    then();
  };
}
