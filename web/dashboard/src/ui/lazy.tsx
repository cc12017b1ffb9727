// Pages that come when somebody goes to them, so that a first visit loads less.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure } from "../api/client.ts";
import { parts } from "../state/route.ts";
import { Failed } from "./answered.tsx";
import { Skeleton } from "./basics.tsx";

type Page<P> = (props: P) => JSX.Element;

interface Lazy<M> {
  /** One of them, which is a skeleton until they are there. */
  page<P extends object>(of: (pages: M) => Page<P>): Page<P>;
  /** Has them come. */
  come(): void;
}

/** Pages that come together. Whoever begins at one of their names has them come at once. */
export function lazy<M extends object>(names: string[], load: () => Promise<M>): Lazy<M> {
  let there: M | undefined;
  let coming: Promise<M> | undefined;
  const ask = (): Promise<M> => (coming ??= load().then((pages) => (there = pages)));
  const come = (): void => void ask().catch(() => undefined);
  const isFirst = names.includes(parts.value[0] ?? "");
  if (isFirst) come();
  const page = <P extends object>(of: (pages: M) => Page<P>): Page<P> =>
    function Lazily(props: P): JSX.Element {
      const [pages, see] = useState(there);
      const [hasFailed, fail] = useState(false);
      useEffect(() => {
        if (pages) return;
        const arrive = (loaded: M): void => {
          see(loaded);
          // Whoever was led here waits at its title.
          if (!isFirst) setTimeout(() => document.getElementById("title")?.focus());
        };
        ask().then(arrive, () => fail(true));
      }, []);
      if (pages) {
        const There = of(pages);
        return <There {...props} />;
      }
      // After an upgrade of the server its files have other names: only a new visit finds them.
      if (hasFailed) return <Failed failure={new Failure(0, "unreachable", "")} retry={() => location.reload()} />;
      return <Skeleton rows={8} />;
    };
  return { page, come };
}
