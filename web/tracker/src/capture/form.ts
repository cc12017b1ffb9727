// FORM_SUBMIT: that a form was sent, and which. Never what was written into it.

import { listen } from "../guard.ts";
import { record } from "../record.ts";
import { attribute, cleanUrl, page } from "./address.ts";

export function captureForms(): void {
  listen("submit", (event) => {
    const form = event.target as Element;
    record("FORM_SUBMIT", {
      path: page().pathname,
      id: attribute(form, "id"),
      name: attribute(form, "name"),
      action: cleanUrl(attribute(form, "action") ?? "")?.pathname,
    });
  });
}
