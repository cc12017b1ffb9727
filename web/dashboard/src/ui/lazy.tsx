// Pages that come when somebody goes to them, so that a first visit loads less.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure } from "../api/client.ts";
import { Failed } from "./answered.tsx";
import { Skeleton } from "./basics.tsx";

type Page = () => JSX.Element;

/** The page at a path. Whoever begins there has it come while it is looked who they are. */
export function lazy(path: string, load: () => Promise<Page>): Page {
  let Loaded: Page | undefined;
  if (location.pathname === path) void load().catch(() => undefined);
  return function Lazy() {
    const [state, set] = useState<"coming" | "there" | "failed">(Loaded ? "there" : "coming");
    useEffect(() => {
      if (state !== "coming") return;
      const there = (page: Page): void => {
        Loaded = page;
        set("there");
        // Whoever was led here waits at its title.
        setTimeout(() => document.getElementById("title")?.focus());
      };
      load().then(there, () => set("failed"));
    }, []);
    if (Loaded) return <Loaded />;
    // After an upgrade of the server its files have other names: only a new visit finds them.
    if (state === "failed") return <Failed failure={new Failure(0, "unreachable", "")} retry={() => location.reload()} />;
    return <Skeleton rows={8} />;
  };
}
