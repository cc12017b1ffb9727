// Tables as CSV.

export type Cell = string | number | null | undefined;

/** RFC 4180; a text that a spreadsheet would take for a formula gets a quote before it (OWASP, CSV injection). */
export function csv(head: Cell[], rows: Cell[][]): string {
  return [head, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(value: Cell): string {
  if (value == null) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
