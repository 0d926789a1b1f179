/**
 * The rows at the bottom of the window, from top to bottom: suggestions, file transfers, pending
 * messages, the status line, and the input line. Pure: it draws a model and keeps no state.
 */
import { Box, renderToString, Text, Transform } from "ink";
import { createElement, type ReactElement } from "react";
import { assert } from "../../../protocol/assert.ts";
import type { State } from "../state.ts";
import { layoutInput } from "./input_layout.ts";
import { pendingRows } from "./pending.ts";
import type { Frame } from "./screen.ts";
import { type Missed, statusRow } from "./status_line.ts";
import { suggestionRow } from "./suggestions.ts";
import { transferRows } from "./transfers.ts";

export interface Model {
  readonly state: State;
  /** Stands before the text. */
  readonly prompt: string;
  /** What is being typed. */
  readonly text: string;
  readonly cursor: number;
  readonly suggestions: { readonly words: readonly string[]; readonly chosen: number | undefined };
  /** Seconds until the next attempt to connect. */
  readonly retryIn: number | undefined;
  readonly missed: Missed | undefined;
  /** Of the window. */
  readonly columns: number;
  readonly rows: number;
}

/** The most rows of the input line, as a share of the window. */
const INPUT_SHARE = 1 / 3;
/** The most rows of each other part. */
const MOST = { suggestions: 1, transfers: 4, pending: 4, status: 1 } as const;

/** The rows and the cursor for a window of this size. */
export function frameOf(model: Model): Frame {
  const { prompt, text, cursor } = model;
  const columns = Math.max(2, model.columns);
  // Terminals wrap a row that fills the last column.
  const width = columns - 1;
  const most = Math.max(1, Math.floor(model.rows * INPUT_SHARE));
  const input = layoutInput({ prompt, text, cursor, columns: width, rows: most });
  const above = rowsAbove(model, width, input.rows.length);
  const app = createElement(App, { rows: [...above, ...input.rows], width });
  const rows = renderToString(app, { columns }).split("\n");
  assert(rows.length === above.length + input.rows.length, "Ink renders each row as one row");
  return { rows, cursor: { row: above.length + input.cursor.row, column: input.cursor.column } };
}

/** Rows in their final layout: each is safe to write, and of at most `width` cells. */
export function App(
  { rows, width }: { readonly rows: readonly string[]; readonly width: number },
): ReactElement {
  return createElement(
    Box,
    { flexDirection: "column" },
    rows.map((text, key) => createElement(Row, { key, text, width })),
  );
}

/**
 * Ink measures a blank row, and the text replaces it. Ink keeps every text that it has measured for
 * as long as the process runs, and what is typed is never the same twice.
 */
function Row({ text, width }: { readonly text: string; readonly width: number }): ReactElement {
  const blank = createElement(Text, null, " ".repeat(width));
  return createElement(Transform, { transform: () => text, children: blank });
}

/** The most important part gets its rows first, until all rows of the window but one are used. */
function rowsAbove(model: Model, width: number, inputRows: number): string[] {
  const { state, suggestions, retryIn, missed } = model;
  let free = Math.max(0, model.rows - 1 - inputRows);
  const take = (wanted: number) => {
    const taken = Math.min(wanted, free);
    free -= taken;
    return taken;
  };
  const status = take(MOST.status);
  const suggested = take(suggestions.words.length > 1 ? MOST.suggestions : 0);
  const pending = take(Math.min(MOST.pending, state.sending.size));
  const transfers = take(Math.min(MOST.transfers, state.transfers.size));
  return [
    ...suggested > 0 ? [suggestionRow({ ...suggestions, columns: width })] : [],
    ...transferRows(state, transfers, width),
    ...pendingRows(state, pending, width),
    ...status > 0 ? [statusRow({ state, columns: width, retryIn, missed })] : [],
  ];
}
