// Code that can be copied.

import type { JSX } from "preact";
import { Copy } from "../ui/copy.tsx";

export function Code({ label, text }: { label: string; text: string }): JSX.Element {
  return (
    <div class="code">
      <Copy text={text} />
      {/* What scrolls can be reached by the keyboard. */}
      <pre class="payload" tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
    </div>
  );
}
