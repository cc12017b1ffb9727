// A table as a file.

import type { JSX } from "preact";
import { type Cell, csv } from "../csv.ts";
import { t } from "../i18n.ts";
import { fileName, saveAs } from "./copy.tsx";

interface Props {
  /** What the table is called; the file, too. */
  title: string;
  head: string[];
  rows: Cell[][];
}

export function SaveCsv({ title, head, rows }: Props): JSX.Element {
  return (
    <button
      type="button"
      class="quiet small"
      disabled={rows.length === 0}
      aria-label={`${t("download.csv")}: ${title}`}
      onClick={() => saveAs(fileName(title, "csv"), "text/csv", csv(head, rows))}
    >
      {t("download.csv")}
    </button>
  );
}
