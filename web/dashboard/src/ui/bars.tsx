// Counts beside bars, the longest of which is the largest.

import type { JSX } from "preact";
import { number } from "../format.ts";

export function Bars({ items, tone = "" }: { items: [name: string, count: number][]; tone?: string }): JSX.Element {
  const most = Math.max(1, ...items.map(([, count]) => count));
  return (
    <dl class="bars">
      {items.map(([name, count]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span class="track" aria-hidden="true">
              <span class={`fill ${tone}`} style={{ inlineSize: `${(100 * count) / most}%` }} />
            </span>
            <span class="num">{number(count)}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
