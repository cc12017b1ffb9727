// Which rows of a long table are drawn: those that can be seen, and some above and below them.

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Seen, drawn } from "./drawn.ts";

interface Drawn extends ReturnType<typeof drawn> {
  box: RefObject<HTMLDivElement | null>;
  body: RefObject<HTMLTableSectionElement | null>;
}

/** As high as a row is before one was drawn. */
const FIRST_PX = 41;

export function useWindow(count: number): Drawn {
  const box = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const [seen, see] = useState<Seen>({ top: 0, height: 900, row: FIRST_PX });
  useEffect(() => {
    const element = box.current!;
    let isAsked = false;
    const look = (): void => {
      if (isAsked) return;
      isAsked = true;
      requestAnimationFrame(() => {
        isAsked = false;
        see((before) => ({ ...before, top: element.scrollTop, height: element.clientHeight }));
      });
    };
    look();
    element.addEventListener("scroll", look, { passive: true });
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    return () => {
      element.removeEventListener("scroll", look);
      sizes.disconnect();
    };
  }, []);
  useLayoutEffect(() => {
    const rows = [...(body.current?.querySelectorAll<HTMLElement>("tr:not(.gap)") ?? [])];
    const mean = rows.reduce((sum, row) => sum + row.offsetHeight, 0) / rows.length;
    // Small differences would make it restless.
    if (mean > 0 && Math.abs(mean - seen.row) > 2) see({ ...seen, row: mean });
  });
  return { box, body, ...drawn(count, seen) };
}
