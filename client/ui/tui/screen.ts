/**
 * Draws on the terminal: a few rows at the bottom, again and again, and lines above them, which are
 * written once and become part of the terminal's scrollback. It sets the modes that this needs, and
 * resets them.
 *
 * 1. Each row MUST have fewer cells than the window has columns.
 * 2. There MUST be fewer rows than the window has: a row that scrolled away cannot be redrawn.
 * 3. Each line above SHOULD fit the window. The terminal cuts one that is wider, and never wraps it:
 *    terminals differ on the width of some characters, and a wrapped text could pass for a line.
 */
import type { Writable } from "node:stream";
import { assert } from "../../../protocol/assert.ts";
import { cells } from "./graphemes.ts";

/** `process.stdout`, or anything like it. */
export interface TerminalOutput extends Writable {
  readonly columns?: number;
  readonly rows?: number;
}

/** The rows at the bottom. */
export interface Frame {
  readonly rows: readonly string[];
  readonly cursor: { readonly row: number; readonly column: number };
}

const EMPTY: Frame = { rows: [], cursor: { row: 0, column: 0 } };

/** DEC private modes, and control sequences (xterm's ctlseqs). */
const BRACKETED_PASTE = "?2004";
const FOCUS = "?1004";
const CURSOR = "?25";
const WRAP = "?7";
/** Synchronized output: shows everything in between at once, where the terminal supports it. */
const SYNCHRONIZED = "?2026";
const set = (mode: string) => `\u001b[${mode}h`;
const reset = (mode: string) => `\u001b[${mode}l`;
const UP = (rows: number) => rows > 0 ? `\u001b[${rows}A` : "";
const RIGHT = (columns: number) => columns > 0 ? `\u001b[${columns}C` : "";
const HOME = "\u001b[H";
const ERASE_BELOW = "\u001b[J";
const ERASE_RIGHT = "\u001b[K";

export class Screen {
  readonly #output: TerminalOutput;
  #drawn: Frame = EMPTY;
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

  /** Makes the terminal report pastes and focus. */
  open(): void {
    this.#isOpen = true;
    this.#output.write(set(BRACKETED_PASTE) + set(FOCUS));
  }

  /**
   * Writes lines above the rows, and draws the rows. Resolves when the terminal can take more;
   * `false`: the output is closed.
   */
  draw(frame: Frame, above: readonly string[] = []): Promise<boolean> {
    if (!this.#isOpen) return Promise.resolve(true);
    const { rows, cursor } = frame;
    assert(cursor.row < Math.max(1, rows.length), "the cursor is in one of the rows");
    const lines = above.map((line) => `${line}\r\n`).join("");
    const text = set(SYNCHRONIZED) + reset(CURSOR) + this.#top() +
      (lines === "" ? "" : ERASE_BELOW + reset(WRAP) + lines + set(WRAP)) +
      rows.map((row) => row + ERASE_RIGHT).join("\r\n") + ERASE_BELOW +
      "\r" + UP(rows.length - 1 - cursor.row) + RIGHT(cursor.column) +
      set(CURSOR) + reset(SYNCHRONIZED);
    this.#drawn = frame;
    return new Promise((resolve) => this.#output.write(text, (failure) => resolve(!failure)));
  }

  /** Erases the rows after the window got another width, however the terminal has wrapped them. */
  resized(): void {
    if (!this.#isOpen) return;
    this.#output.write(this.#top() + ERASE_BELOW);
    this.#drawn = EMPTY;
  }

  /** Moves everything in the window into the scrollback. */
  clear(): void {
    if (!this.#isOpen) return;
    const { rows } = this;
    const bottom = `\u001b[${rows};1H`;
    const scroll = "\r\n".repeat(rows);
    this.#output.write(this.#top() + ERASE_BELOW + bottom + scroll + HOME + ERASE_BELOW);
    this.#drawn = EMPTY;
  }

  /** Writes a sequence that draws nothing, such as a bell. */
  write(sequence: string): void {
    if (this.#isOpen) this.#output.write(sequence);
  }

  /** Erases the rows and resets the modes. Idempotent. */
  close(): void {
    const sequence = this.restoreSequence();
    if (sequence !== "") this.#output.write(sequence);
  }

  /** Closes, and returns what `close` writes, for a synchronous write. Empty once it is closed. */
  restoreSequence(): string {
    if (!this.#isOpen) return "";
    this.#isOpen = false;
    const top = this.#top();
    this.#drawn = EMPTY;
    return top + ERASE_BELOW + set(WRAP) + reset(FOCUS) + reset(BRACKETED_PASTE) + set(CURSOR);
  }

  /**
   * Moves to the first cell of the rows. When a window gets narrower, the terminal wraps rows that no
   * longer fit, possibly before it reports the new size.
   */
  #top(): string {
    const { columns } = this;
    const { rows, cursor } = this.#drawn;
    const wrapped = (row: string) => Math.max(1, Math.ceil(cells(row) / columns));
    const above = rows.slice(0, cursor.row).reduce((sum, row) => sum + wrapped(row), 0);
    return "\r" + UP(above + Math.floor(cursor.column / columns));
  }
}
