// What is shown while there is no answer, or a bad one.

import type { ComponentChildren, JSX } from "preact";
import type { Failure } from "../api/client.ts";
import { inWords } from "../api/words.ts";
import { t } from "../i18n.ts";
import type { Polled } from "../state/poll.ts";
import { Empty, Skeleton } from "./basics.tsx";

interface Props<T> {
  of: Polled<T>;
  rows?: number;
  children: (data: T) => ComponentChildren;
}

/** Shows an answer once it is there; until then a skeleton, and what went wrong if something did. */
export function Answered<T>({ of, rows = 4, children }: Props<T>): JSX.Element {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.failure) return <Failed failure={of.failure} retry={of.retry} />;
  return <Skeleton rows={rows} />;
}

export function Failed({ failure, retry }: { failure: Failure; retry?: () => void }): JSX.Element {
  if (failure.code === "missing_scope") return <Empty title={t("state.noRights")} note={inWords(failure)} />;
  return (
    <div class="failed" role="alert">
      <p>{failure.status === 0 ? t("state.unreachable") : t("state.notLoaded")}</p>
      {failure.status !== 0 && <p class="note">{inWords(failure)}</p>}
      {retry && (
        <button type="button" onClick={retry}>
          {t("action.retryNow")}
        </button>
      )}
    </div>
  );
}
