// Dialogs and drawers: the browser's own, which keep the focus and close with Escape.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Failure } from "../api/client.ts";
import { inWords } from "../api/words.ts";
import { t } from "../i18n.ts";
import { refresh } from "../state/poll.ts";
import { Toasts } from "./toasts.tsx";

interface Props {
  title: string;
  onClose(): void;
  children: ComponentChildren;
  drawer?: boolean;
}

export function Dialog({ title, onClose, children, drawer = false }: Props): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const onBackdrop = (event: MouseEvent): void => {
    if (event.target === dialog.current) onClose();
  };
  return (
    <dialog ref={dialog} class={drawer ? "drawer" : "box"} aria-labelledby={id} onClose={onClose} onMouseDown={onBackdrop}>
      <div class="dialog-head">
        <h2 id={id}>{title}</h2>
        <button type="button" class="quiet" aria-label={t("action.close")} onClick={onClose}>
          ✕
        </button>
      </div>
      <div class="dialog-body">{children}</div>
      <Toasts />
    </dialog>
  );
}

interface AskProps {
  title: string;
  children: ComponentChildren;
  confirm: string;
  danger?: boolean;
  /** Whether what is asked is known by now. */
  isReady?: boolean;
  onClose(): void;
  run(): Promise<void>;
}

/** Asks before something is done, and says there what went wrong. */
export function Ask({ title, children, confirm, danger = false, isReady = true, onClose, run }: AskProps): JSX.Element {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setWrong("");
    try {
      await run();
    } catch (error) {
      setWrong(inWords(error));
      setBusy(false);
      // What is behind the question may be of yesterday.
      if (error instanceof Failure && error.status === 409) refresh();
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        {children}
        {wrong && (
          <p class="wrong" role="alert">
            {wrong}
          </p>
        )}
        <div class="buttons">
          <button type="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
          <button type="submit" class={danger ? "danger" : "primary"} disabled={busy || !isReady}>
            {confirm}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
