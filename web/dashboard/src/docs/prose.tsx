// What the document says in words: paragraphs, with code in backticks. It says it in English, whatever
// language the page is in, and screen readers are told so.

import type { JSX } from "preact";

export function Prose({ text }: { text: string }): JSX.Element {
  return (
    <div class="prose" lang="en">
      {text.split(/\n\s*\n/).map((paragraph, at) => (
        <p key={at}>
          <Inline text={paragraph} />
        </p>
      ))}
    </div>
  );
}

/** One paragraph of the document. */
export function Said({ text }: { text: string }): JSX.Element {
  return (
    <p lang="en">
      <Inline text={text} />
    </p>
  );
}

export function Inline({ text }: { text: string }): JSX.Element {
  const pieces = text.split(/`([^`]+)`/);
  return <>{pieces.map((piece, at) => (at % 2 === 1 ? <code key={at}>{piece}</code> : piece))}</>;
}
