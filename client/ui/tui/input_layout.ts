/**
 * The text that is being typed, wrapped into a few rows that always include the cursor's. Pure.
 */
import { assert } from "../../../protocol/assert.ts";
import { safeText } from "../../../protocol/safe_text.ts";
import { cells, fit, graphemes } from "./graphemes.ts";

interface InputLayout {
  readonly rows: readonly string[];
  readonly cursor: { readonly row: number; readonly column: number };
}

interface InputShape {
  readonly prompt: string;
  readonly text: string;
  readonly cursor: number;
  /** Cells of a row. */
  readonly columns: number;
  /** The most rows. */
  readonly rows: number;
}

/** Cells of the first row that a long prompt leaves to the text. */
const LEAST_TEXT = 10;

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
    const visible = cluster === "\n" ? "" : safeText(cluster);
    const wide = cells(visible);
    // The cursor needs a cell of its own after the last character of a row.
    if (column + wide > width - 1) wrap();
    if (at === cursor) place = { row: rows.length - 1, column };
    if (cluster === "\n") wrap();
    else rows[rows.length - 1] += wide > width ? "?" : visible;
    column += Math.min(wide, width);
    at += cluster.length;
  }
  if (at <= cursor) place = { row: rows.length - 1, column };
  const top = Math.min(Math.max(0, place.row - most + 1), Math.max(0, rows.length - most));
  const row = place.row - top;
  assert(row >= 0 && row < most, "the cursor's row is among the rows that are drawn");
  return {
    rows: rows.slice(top, top + most),
    cursor: { row, column: Math.min(place.column, width - 1) },
  };
}
