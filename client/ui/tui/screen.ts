/**
 * The terminal: a few rows at the bottom that are drawn again and again, and lines above them that
 * are written once and then belong to the terminal's own scrollback. It puts the terminal into the
 * state that this needs, and back.
 *
 * It MUST be given rows of fewer cells than the window has columns, and fewer rows than it has: what
 * scrolls away cannot be drawn again.
 */
import type { Writable } from "node:stream";
import { cells } from "./graphemes.ts";

/** `process.stdout`, or anything like it. */
export interface TerminalOutput extends Writable {
  readonly columns?: number;
  readonly rows?: number;
}

/** What stands at the bottom. */
export interface Frame {
  readonly rows: readonly string[];
  readonly cursor: { readonly row: number; readonly column: number };
}

const NOTHING: Frame = { rows: [], cursor: { row: 0, column: 0 } };

/** DEC private modes, and what else is written (xterm's ctlseqs). */
const BRACKETED_PASTE = "?2004";
const FOCUS = "?1004";
const CURSOR = "?25";
/** What is between is shown at once, where the terminal knows that. */
const TOGETHER = "?2026";
const set = (mode: string) => `\u001b[${mode}h`;
const reset = (mode: string) => `\u001b[${mode}l`;
const UP = (rows: number) => rows > 0 ? `\u001b[${rows}A` : "";
const RIGHT = (columns: number) => columns > 0 ? `\u001b[${columns}C` : "";
const HOME = "\u001b[H";
const ERASE_BELOW = "\u001b[J";
const ERASE_RIGHT = "\u001b[K";

export class Screen {
  readonly #output: TerminalOutput;
  #drawn: Frame = NOTHING;
  #isOpen = false;

  constructor(output: TerminalOutput) {
    this.#output = output;
  }

  get columns(): number {
    return this.#output.columns || 80;
  }

  get rows(): number {
    return this.#output.rows || 24;
  }

  /** Asks the terminal for what the interface reads. Keys are read by somebody else. */
  open(): void {
    this.#isOpen = true;
    this.#output.write(set(BRACKETED_PASTE) + set(FOCUS));
  }

  /**
   * Writes lines above the rows, and draws the rows. Resolves when the terminal takes more; `false`:
   * nobody reads it any more.
   */
  draw(frame: Frame, above: readonly string[] = []): Promise<boolean> {
    if (!this.#isOpen) return Promise.resolve(true);
    const { rows, cursor } = frame;
    const lines = above.map((line) => `${line}\r\n`).join("");
    const text = set(TOGETHER) + reset(CURSOR) + this.#top() +
      (lines === "" ? "" : ERASE_BELOW + lines) +
      rows.map((row) => row + ERASE_RIGHT).join("\r\n") + ERASE_BELOW +
      "\r" + UP(rows.length - 1 - cursor.row) + RIGHT(cursor.column) +
      set(CURSOR) + reset(TOGETHER);
    this.#drawn = frame;
    return new Promise((resolve) => this.#output.write(text, (failure) => resolve(!failure)));
  }

  /** The window has other columns now: takes away what is drawn, however it was wrapped. */
  resized(): void {
    if (!this.#isOpen) return;
    this.#output.write(this.#top() + ERASE_BELOW);
    this.#drawn = NOTHING;
  }

  /** Begins with an empty window; what was there is in the scrollback. */
  clear(): void {
    if (!this.#isOpen) return;
    const { rows } = this;
    const bottom = `\u001b[${rows};1H`;
    const scroll = "\r\n".repeat(rows);
    this.#output.write(this.#top() + ERASE_BELOW + bottom + scroll + HOME + ERASE_BELOW);
    this.#drawn = NOTHING;
  }

  /** A sign to whoever looks elsewhere. */
  signal(sequence: string): void {
    if (this.#isOpen) this.#output.write(sequence);
  }

  /** Leaves the terminal as it was, with the cursor where the next program begins. Idempotent. */
  close(): void {
    const farewell = this.farewell();
    if (farewell !== "") this.#output.write(farewell);
  }

  /** What `close` writes, for whoever has to write it at once. Nothing, when it was written. */
  farewell(): string {
    if (!this.#isOpen) return "";
    this.#isOpen = false;
    const top = this.#top();
    this.#drawn = NOTHING;
    return top + ERASE_BELOW + reset(FOCUS) + reset(BRACKETED_PASTE) + set(CURSOR);
  }

  /**
   * To the first cell of what is drawn. In a window that has become narrower a terminal has wrapped
   * each row that did not fit any more; it may have done so before it says so.
   */
  #top(): string {
    const { columns } = this;
    const { rows, cursor } = this.#drawn;
    const wrapped = (row: string) => Math.max(1, Math.ceil(cells(row) / columns));
    const above = rows.slice(0, cursor.row).reduce((sum, row) => sum + wrapped(row), 0);
    return "\r" + UP(above + Math.floor(cursor.column / columns));
  }
}
