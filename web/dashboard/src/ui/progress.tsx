// How far something is: one bar of several parts, and how much a file has been sent.

import type { JSX } from "preact";
import { number, percent } from "../format.ts";

export interface Part {
  label: string;
  count: number;
  kind: "good" | "accent" | "soft" | "warn" | "bad" | "plain";
}

interface Props {
  label: string;
  parts: Part[];
  /** What all parts and what is missing come to. */
  total: number;
}

/** A bar for whoever sees it, and its share in words for whoever does not. */
export function Progress({ label, parts, total, share }: Props & { share: number }): JSX.Element {
  return (
    <span class="progress" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.floor(share * 100)}>
      {parts.map(
        (part) => part.count > 0 && <span key={part.label} class={`part ${part.kind}`} style={{ inlineSize: `${(100 * part.count) / Math.max(1, total)}%` }} />,
      )}
    </span>
  );
}

/** The parts of a bar, each with its colour, its count and its share. */
export function Parts({ parts, total }: Omit<Props, "label">): JSX.Element {
  return (
    <dl class="parts">
      {parts.map((part) => (
        <div key={part.label}>
          <dt>
            <span class={`swatch ${part.kind}`} aria-hidden="true" />
            {part.label}
          </dt>
          <dd>
            <strong class="num">{number(part.count)}</strong> <span class="note num">{total > 0 ? percent(part.count / total) : ""}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
