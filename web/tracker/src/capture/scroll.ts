// SCROLL: how far down somebody got, in quarters, each once a page.

import { listen } from "../guard.ts";
import { record } from "../record.ts";
import { page } from "./address.ts";

const STEP = 25;

let reached = 0;
let on: string | undefined;

/** Browsers tell of scrolling once a frame, when the page is laid out anyway. */
export function captureScroll(): void {
  listen("scroll", () => {
    const { href, pathname: path } = page();
    if (href !== on) reached = 0;
    on = href;
    // Positions are fractions on zoomed pages; without the pixel, the end is never reached.
    const depth = ((scrollY + innerHeight + 1) / document.documentElement.scrollHeight) * 100;
    while (reached < 100 && depth >= reached + STEP) {
      reached += STEP;
      record("SCROLL", { path, depth: reached });
    }
  });
}
