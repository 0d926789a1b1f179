/**
 * What stands in which cell: the line that is being typed, wrapped into a few rows with the cursor
 * in sight, and words that give way to each other where a window is narrow. Pure.
 */
import { cells, fit, graphemes, shown } from "./graphemes.ts";

export interface InputLayout {
  readonly rows: readonly string[];
  readonly cursor: { readonly row: number; readonly column: number };
}

export interface InputShape {
  readonly prompt: string;
  readonly text: string;
  readonly cursor: number;
  /** Cells that a row has. */
  readonly columns: number;
  /** The most rows; the cursor's is always among those that are shown. */
  readonly rows: number;
}

/** Cells of the first row that a question leaves to its answer. */
const LEAST_TEXT = 10;

/** Lays out what is being typed. */
export function layoutInput(
  { prompt, text, cursor, columns, rows: most }: InputShape,
): InputLayout {
  const width = Math.max(1, columns);
  const first = fit(prompt, Math.max(Math.floor(width / 2), width - LEAST_TEXT));
  const rows = [first];
  let column = cells(first);
  let place = { row: 0, column };
  let at = 0;
  const wrap = () => {
    rows.push("");
    column = 0;
  };
  for (const cluster of graphemes(text)) {
    const visible = cluster === "\n" ? "" : shown(cluster);
    const wide = cells(visible);
    // A cursor needs a cell of its own after the last character of a row.
    if (column + wide > width - 1) wrap();
    if (at === cursor) place = { row: rows.length - 1, column };
    if (cluster === "\n") wrap();
    else rows[rows.length - 1] += wide > width ? "?" : visible;
    column += Math.min(wide, width);
    at += cluster.length;
  }
  if (at <= cursor) place = { row: rows.length - 1, column };
  const top = Math.min(Math.max(0, place.row - most + 1), Math.max(0, rows.length - most));
  return {
    rows: rows.slice(top, top + most),
    cursor: { row: place.row - top, column: Math.min(place.column, width - 1) },
  };
}

/** Something in the status line, in the ways that it can be said: the longest first. */
export interface Part {
  readonly ways: readonly string[];
  /** Parts of less weight are shortened first. */
  readonly weight: number;
}

/**
 * As much as fits: whatever matters least is said in fewer words until the rest has room. A way of
 * no words leaves the part out.
 */
export function fitParts(parts: readonly Part[], columns: number, between = " · "): string[] {
  const chosen = parts.map(() => 0);
  const said = () => parts.map(({ ways }, index) => ways[chosen[index] ?? 0] ?? "");
  const wide = () => {
    const words = said().filter((way) => way !== "");
    return words.reduce((sum, way) => sum + cells(way), cells(between) * (words.length - 1));
  };
  const order = parts.map((_, index) => index)
    .sort((one, other) => (parts[one]?.weight ?? 0) - (parts[other]?.weight ?? 0));
  for (const index of order) {
    while (wide() > columns && (chosen[index] ?? 0) < (parts[index]?.ways.length ?? 1) - 1) {
      chosen[index] = (chosen[index] ?? 0) + 1;
    }
  }
  return said();
}
