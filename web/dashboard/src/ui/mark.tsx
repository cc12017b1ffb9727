// The mark of Cauce. It is part of the page, so that it needs no file of its own to be drawn.

import type { JSX } from "preact";

export function Mark({ size }: { size: number }): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M6 11c5 0 5 4 10 4s5-4 10-4M6 19c5 0 5 4 10 4s5-4 10-4" />
    </svg>
  );
}
