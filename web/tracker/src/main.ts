// The browser tracker: reads its own script tag, and starts what the tag asks for.
//
//   captures, cauce.track --> record --(consent)--> queue --> transport --> the server

import { openApi } from "./api.ts";
import { captureClicks } from "./capture/click.ts";
import { captureForms } from "./capture/form.ts";
import { capturePageViews } from "./capture/page_view.ts";
import { captureScroll } from "./capture/scroll.ts";
import { openConsent } from "./consent.ts";
import { guarded, listen } from "./guard.ts";
import { openStorage } from "./storage.ts";
import { flush, leave, openTransport, wake } from "./transport.ts";

/** How often a page looks for what others have left. */
const LOOK_MS = 60_000;

guarded(() => {
  // A page with the tag twice is counted once.
  if (window.cauce?.track) return;
  const { dataset, src } = document.currentScript as HTMLScriptElement;
  const { key, tenant, site, endpoint, consent, capture } = dataset;

  openStorage(site);
  openConsent(consent);
  openTransport(endpoint ?? new URL(src).origin, key, tenant, site);
  openApi();

  const wanted = capture ?? "page_view,click,scroll,form";
  if (wanted.includes("page_view")) capturePageViews();
  if (wanted.includes("scroll")) captureScroll();
  if (wanted.includes("click")) captureClicks();
  if (wanted.includes("form")) captureForms();

  listen("online", flush);
  listen("pagehide", leave);
  listen("visibilitychange", () => document.hidden && leave());
  // What earlier pages left, and what those leave that end without a word.
  wake();
  setInterval(wake, LOOK_MS);
})();
