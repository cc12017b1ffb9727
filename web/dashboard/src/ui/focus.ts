// Where the focus is after one has come to another page.

import { useEffect, useRef } from "preact/hooks";
import { path } from "../state/route.ts";

/** Whoever comes to another page begins at its title. */
export function useFocus(): void {
  const before = useRef(path.value);
  useEffect(() => {
    if (before.current === path.value) return;
    before.current = path.value;
    document.getElementById("title")?.focus();
  }, [path.value]);
}
