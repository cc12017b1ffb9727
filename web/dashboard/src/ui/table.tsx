// Tables that scroll on their own on a small screen, and hold as many rows as one likes.

import type { ComponentChildren, JSX } from "preact";
import { t } from "../i18n.ts";
import { narrow, parameter } from "../state/route.ts";
import { useWindow } from "./window.ts";

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
  keyOf(item: T, place: number): string;
  empty: ComponentChildren;
  /** Whether it scrolls within itself also where all its rows are drawn. */
  tall?: boolean;
}

/** More rows than these are drawn only where one looks. */
const MAX_DRAWN = 200;

export function Table<T>(props: Props<T>): JSX.Element {
  if (props.items.length === 0) return <>{props.empty}</>;
  if (props.items.length > MAX_DRAWN) return <LongTable {...props} />;
  const { label, columns, items, keyOf, tall = false } = props;
  return (
    <div class={tall ? "scroll tall" : "scroll"} tabIndex={0} role="region" aria-label={label}>
      <table>
        <Head columns={columns} />
        <tbody>
          {items.map((item, place) => (
            <tr key={keyOf(item, place)}>
              <Cells columns={columns} item={item} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The same, where only the rows that can be seen are in the page; how many there are is told. */
function LongTable<T>({ label, columns, items, keyOf }: Props<T>): JSX.Element {
  const { box, body, from, to, above, below } = useWindow(items.length);
  return (
    <div ref={box} class="scroll tall long" tabIndex={0} role="region" aria-label={label}>
      <table aria-rowcount={items.length + 1}>
        <Head columns={columns} />
        <tbody ref={body}>
          <tr class="gap" aria-hidden="true" style={{ blockSize: `${above}px` }} />
          {items.slice(from, to).map((item, index) => (
            <tr key={keyOf(item, from + index)} aria-rowindex={from + index + 2}>
              <Cells columns={columns} item={item} />
            </tr>
          ))}
          <tr class="gap" aria-hidden="true" style={{ blockSize: `${below}px` }} />
        </tbody>
      </table>
    </div>
  );
}

function Head<T>({ columns }: { columns: Column<T>[] }): JSX.Element {
  return (
    <thead>
      <tr>
        {columns.map((column) => (
          <th key={column.head} scope="col" class={classOf(column)}>
            {column.head || <span class="hidden">{t("table.actions")}</span>}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function Cells<T>({ columns, item }: { columns: Column<T>[]; item: T }): JSX.Element {
  return (
    <>
      {columns.map((column) => (
        <td key={column.head} class={classOf(column)}>
          {column.cell(item)}
        </td>
      ))}
    </>
  );
}

function classOf({ head, number }: { head: string; number?: boolean | undefined }): string {
  if (head === "") return "acts";
  return number ? "num" : "";
}

const SIZES = ["50", "200", "500"];

/** How many rows a page of a list has; it stands in the address where it was chosen. */
export function usePageSize(): string {
  const asked = parameter("limit");
  return SIZES.includes(asked) ? asked : SIZES[0]!;
}

/** Leads to the next page of a list, and back to its first. The place stands in the address. */
export function Pages({ next, sizes = false }: { next: string | null; sizes?: boolean }): JSX.Element | null {
  const cursor = parameter("cursor");
  const size = usePageSize();
  if (!next && !cursor && (!sizes || size === SIZES[0])) return null;
  return (
    <nav class="pages" aria-label={t("table.pages")}>
      {sizes && (
        <label class="inline">
          <span class="note">{t("table.rows")}</span>
          <select class="small" value={size} onChange={(event) => narrow({ limit: event.currentTarget.value, cursor: "" })}>
            {SIZES.map((count) => (
              <option key={count}>{count}</option>
            ))}
          </select>
        </label>
      )}
      <button type="button" disabled={!cursor} onClick={() => narrow({ cursor: "" }, true)}>
        {t("table.first")}
      </button>
      <button type="button" disabled={!next} onClick={() => narrow({ cursor: next ?? "" }, true)}>
        {t("table.next")}
      </button>
    </nav>
  );
}
