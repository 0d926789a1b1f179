/**
 * Everything at the bottom of the window, from top to bottom: what Tab offers, files on their way,
 * what waits to be stored, the status, and the line that is being typed. Pure: it is drawn from the
 * model, and holds nothing.
 */
import { Box, renderToString } from "ink";
import { createElement, type ReactElement } from "react";
import type { State } from "../state.ts";
import { Candidates } from "./candidates.ts";
import { InputLine } from "./input_line.ts";
import { type InputLayout, layoutInput } from "./layout.ts";
import type { Frame } from "./screen.ts";
import { type Missed, StatusLine } from "./status_line.ts";
import { Transfers } from "./transfers.ts";
import { Waiting } from "./waiting.ts";

export interface Model {
  readonly state: State;
  /** Before what is typed. */
  readonly prompt: string;
  readonly text: string;
  readonly cursor: number;
  readonly candidates: { readonly words: readonly string[]; readonly chosen: number | undefined };
  /** Seconds until the next attempt to connect. */
  readonly retryIn: number | undefined;
  readonly missed: Missed | undefined;
  /** Of the window. */
  readonly columns: number;
  readonly rows: number;
}

/** How many rows each part gets. */
interface Shares {
  readonly candidates: number;
  readonly transfers: number;
  readonly waiting: number;
  readonly status: number;
}

/** The most rows for what is being typed, as a share of the window. */
const INPUT = 1 / 3;
const MOST = { candidates: 1, transfers: 4, waiting: 4, status: 1 } as const;

export function App(model: Model & { readonly input: InputLayout }): ReactElement {
  const { state, columns, candidates, retryIn, missed, input } = model;
  const shares = sharesOf(model, input.rows.length);
  const width = columns - 1;
  return createElement(
    Box,
    { flexDirection: "column" },
    shares.candidates > 0 &&
      createElement(Candidates, { ...candidates, columns: width, key: "candidates" }),
    createElement(Transfers, { state, columns: width, rows: shares.transfers, key: "transfers" }),
    createElement(Waiting, { state, columns: width, rows: shares.waiting, key: "waiting" }),
    shares.status > 0 &&
      createElement(StatusLine, { state, columns: width, retryIn, missed, key: "status" }),
    createElement(InputLine, { rows: input.rows, columns: width, key: "input" }),
  );
}

/** What stands at the bottom of a window of this size. */
export function frameOf(model: Model): Frame {
  const columns = Math.max(2, model.columns);
  const most = Math.max(1, Math.floor(model.rows * INPUT));
  const { prompt, text, cursor } = model;
  const input = layoutInput({ prompt, text, cursor, columns: columns - 1, rows: most });
  const drawn = renderToString(createElement(App, { ...model, columns, input }), { columns });
  const rows = drawn.split("\n");
  const above = rows.length - input.rows.length;
  return { rows, cursor: { row: above + input.cursor.row, column: input.cursor.column } };
}

/** What matters more is served first, until the window but for one row is full. */
function sharesOf({ state, candidates, rows }: Model, input: number): Shares {
  let free = Math.max(0, rows - 1 - input);
  const take = (wanted: number) => {
    const taken = Math.min(wanted, free);
    free -= taken;
    return taken;
  };
  const status = take(MOST.status);
  return {
    status,
    candidates: take(candidates.words.length > 1 ? MOST.candidates : 0),
    waiting: take(Math.min(MOST.waiting, state.sending.size)),
    transfers: take(Math.min(MOST.transfers, state.transfers.size)),
  };
}
