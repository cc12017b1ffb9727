// The rows of a long table that are drawn, and the room that the others take.

/** So many rows more above and below, so that a quick hand finds no hole. */
const MORE = 15;

export interface Seen {
  /** How far it was scrolled. */
  top: number;
  /** How much of it can be seen. */
  height: number;
  /** How high a row is. */
  row: number;
}

export function drawn(count: number, { top, height, row }: Seen): { from: number; to: number; above: number; below: number } {
  const last = Math.max(0, count - Math.ceil(height / row));
  const first = Math.min(last, Math.floor(top / row));
  const from = Math.max(0, first - MORE);
  const to = Math.min(count, first + Math.ceil(height / row) + MORE);
  return { from, to, above: from * row, below: (count - to) * row };
}
