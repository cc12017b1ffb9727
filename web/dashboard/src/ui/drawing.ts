// The library that draws charts. It comes when there is a chart to draw, after the page that has it:
// a page shows its figures first, and pages without charts never load it.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type uPlot from "uplot";

export type Drawing = typeof uPlot;

/** The library; undefined until it is there, null where it cannot be had. */
const drawing = signal<Drawing | null | undefined>(undefined);
let isAsked = false;

export function useDrawing(): Drawing | null | undefined {
  useEffect(() => void load(), []);
  return drawing.value;
}

async function load(): Promise<void> {
  if (isAsked) return;
  isAsked = true;
  try {
    drawing.value = (await import("./uplot.ts")).default;
  } catch {
    drawing.value = null;
  }
}
