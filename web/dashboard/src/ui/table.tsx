// Tables that scroll on their own on a small screen.

import type { ComponentChildren, JSX } from "preact";
import { t } from "../i18n.ts";
import { narrow, parameter } from "../state/route.ts";

export interface Column<T> {
  head: string;
  /** Numbers stand at the right, one under the other. */
  number?: boolean;
  cell(item: T): ComponentChildren;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  items: T[];
  keyOf(item: T): string;
  empty: ComponentChildren;
}

export function Table<T>({ label, columns, items, keyOf, empty }: Props<T>): JSX.Element {
  if (items.length === 0) return <>{empty}</>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.head} scope="col" class={classOf(column)}>
                {column.head || <span class="hidden">{t("table.actions")}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={keyOf(item)}>
              {columns.map((column) => (
                <td key={column.head} class={classOf(column)}>
                  {column.cell(item)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classOf({ head, number }: { head: string; number?: boolean | undefined }): string {
  if (head === "") return "acts";
  return number ? "num" : "";
}

/** Leads to the next page of a list, and back to its first. The place stands in the address. */
export function Pages({ next }: { next: string | null }): JSX.Element | null {
  const cursor = parameter("cursor");
  if (!next && !cursor) return null;
  return (
    <nav class="pages" aria-label={t("table.pages")}>
      <button type="button" disabled={!cursor} onClick={() => narrow({ cursor: "" }, true)}>
        {t("table.first")}
      </button>
      <button type="button" disabled={!next} onClick={() => narrow({ cursor: next ?? "" }, true)}>
        {t("table.next")}
      </button>
    </nav>
  );
}
