// Nothing of ours may ever break the page that it runs in: whatever the page can call or trigger
// goes through here. There is nobody to tell about a failure, so it ends here too.

/** Makes a function that answers nothing where it would have thrown. */
export function guarded<Args extends unknown[], Answer>(
  run: (...args: Args) => Answer,
): (...args: Args) => Answer | undefined {
  return (...args) => {
    try {
      return run(...args);
    } catch {
      return undefined;
    }
  };
}

/** Listens to the window, before the page does: what stops an event there does not hide it. */
export function listen(event: string, run: (event: Event) => void): void {
  addEventListener(event, guarded(run), true);
}
