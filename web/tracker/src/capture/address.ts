// Addresses and texts without what could tell who somebody is.

import { guarded } from "../guard.ts";

/**
 * Query parameters that say where a visit comes from. Every other one goes: addresses carry search
 * words, tokens, e-mail addresses.
 */
const CAMPAIGN = /^(utm_\w+|(g|d|fb|tt|tw)clid|msclkid|[gw]braid|li_fat_id)$/;

/**
 * Origin and path, and the listed parameters: no fragment, no credentials, nothing that looks like
 * an e-mail address. Nothing at all of addresses that are not of the web, as `mailto:`.
 */
export const cleanUrl = guarded((href: string): URL => {
  const url = new URL(href, document.baseURI);
  const clean = new URL(url.origin + url.pathname.replace(/[^/]+(@|%40)[^/]+/g, "*"));
  url.searchParams.forEach((value, name) => {
    if (CAMPAIGN.test(name) && !/@/.test(value)) clean.searchParams.append(name, value);
  });
  return clean;
});

/** A text for people: one line, cut, without anything like an e-mail address. */
export function cleanText(text: string, maxChars: number): string {
  return text
    .replace(/\S+@\S+/g, "*")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, maxChars);
}

/** The page that is shown. */
export function page(): URL {
  return cleanUrl(location.href)!;
}

/** An attribute as it is written: a form's field called `id` hides the property of that name. */
export function attribute(element: Element, name: string): string | undefined {
  return element.getAttribute(name) ?? undefined;
}
