// CLICK: on links, buttons, and whatever the page marks with `data-cauce`.

import { listen } from "../guard.ts";
import { record } from "../record.ts";
import { attribute, cleanText, cleanUrl, page } from "./address.ts";

const CLICKABLE = "a,button,[data-cauce],[role=button],[type=submit],[type=button]";
/** What somebody may have written into. */
const FIELD = "input,textarea,select,[contenteditable]";
const MAX_TEXT = 64;

export function captureClicks(): void {
  listen("click", (event) => {
    const element = (event.target as Element).closest(CLICKABLE);
    if (!element) return;
    const href = attribute(element, "href");
    const field = element.closest(FIELD) ?? element.querySelector(FIELD);
    record("CLICK", {
      path: page().pathname,
      name: attribute(element, "data-cauce"),
      id: attribute(element, "id"),
      href: href && cleanUrl(href),
      text: field ? undefined : cleanText(element.textContent!, MAX_TEXT),
    });
  });
}
