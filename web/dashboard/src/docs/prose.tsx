// What the document says in words: paragraphs, with code in backticks.

import type { JSX } from "preact";

export function Prose({ text }: { text: string }): JSX.Element {
  return (
    <div class="prose">
      {text.split(/\n\s*\n/).map((paragraph, at) => (
        <p key={at}>
          <Inline text={paragraph} />
        </p>
      ))}
    </div>
  );
}

export function Inline({ text }: { text: string }): JSX.Element {
  const pieces = text.split(/`([^`]+)`/);
  return <>{pieces.map((piece, at) => (at % 2 === 1 ? <code key={at}>{piece}</code> : piece))}</>;
}
