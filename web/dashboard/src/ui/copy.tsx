// Copies a text, also over plain HTTP, where browsers give pages no clipboard.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n.ts";

export function Copy({ text }: { text: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await put(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <button type="button" class="small" onClick={() => void copy()}>
      <span aria-live="polite">{copied ? t("action.copied") : t("action.copy")}</span>
    </button>
  );
}

async function put(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  // Inside of a dialog nothing else can be selected.
  const place = document.querySelector("dialog[open]") ?? document.body;
  place.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** Has the browser keep a text as a file. */
export function saveAs(name: string, kind: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: kind }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A title as the name of a file. */
export function fileName(title: string, ending: string): string {
  return `${title.toLowerCase().replace(/[^\p{Letter}\p{Number}]+/gu, "-")}.${ending}`;
}
