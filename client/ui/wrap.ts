/**
 * Wraps a line for a window, so that the terminal does not. Each further row begins with a mark:
 * where the terminal wraps, a text that is filled with spaces can make a row begin with what looks
 * like another line, with a time and a name. Pure.
 *
 * It breaks between words where it can, so that links stay whole. It takes safe texts, which may
 * have the sequences of `tui/style.ts` among them.
 */

interface Wrapping {
  /** Of the window. */
  readonly columns: number;
  /** Stand before further rows, the widest first. The first that leaves room for text is used. */
  readonly marks: readonly string[];
  /** How many cells a cluster or a mark takes. */
  readonly cells: (text: string) => number;
}

/** A piece of text, or a sequence that sets a style and takes no cells. */
interface Piece {
  readonly text: string;
  readonly cells: number;
}

/** Sequences that set a style, by the one that ends it. */
type Styles = Map<string, string>;

/** Sequences, spaces, and what is between them. */
// deno-lint-ignore no-control-regex -- that is how styles are set
const PIECES = /\u001b\[\d+m| |[^ \u001b]+|\u001b/g;
// deno-lint-ignore no-control-regex -- as above
const SEQUENCE = /^\u001b\[\d+m$/;
const SEGMENTER = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** The most cells of a character. */
const WIDEST = 2;
/** The least share of a row for text. */
const LEAST_ROOM = 1 / 2;

/** The rows of a line. */
export function wrapLine(line: string, { columns, marks, cells }: Wrapping): string[] {
  // Some terminals wrap a row that fills the last column.
  const width = columns - 1;
  if (width < 1 || cells(line) <= width) return [line];
  const mark = marks.find((one) => cells(one) <= width * (1 - LEAST_ROOM)) ?? "";
  const rows = new Rows({ text: mark, cells: cells(mark) }, width, cells);
  for (const word of wordsOf(line, cells)) rows.add(word);
  return rows.end();
}

/** Rows that are filled one after the other. */
class Rows {
  readonly #mark: Piece;
  readonly #width: number;
  readonly #cells: Wrapping["cells"];
  readonly #rows: string[] = [];
  #row = "";
  #used = 0;
  readonly #styles: Styles = new Map();

  constructor(mark: Piece, width: number, cells: Wrapping["cells"]) {
    this.#mark = mark;
    this.#width = width;
    this.#cells = cells;
  }

  /** Adds a word: whole in this row, else whole in the next, else in as many as it takes. */
  add(word: readonly Piece[]): void {
    const cells = word.reduce((sum, piece) => sum + piece.cells, 0);
    const fits = this.#used + cells <= this.#width;
    // The end of the row takes the place of a space.
    if (!fits && word[0]?.text === " ") return this.#next();
    const isShort = cells <= this.#width - this.#mark.cells;
    if (!fits && isShort) this.#next();
    for (const piece of word) {
      if (SEQUENCE.test(piece.text)) this.#setStyle(piece.text);
      if (isShort || fits) this.#put(piece);
      else for (const cluster of clustersOf(piece, this.#cells)) this.#put(cluster);
    }
  }

  /** All rows. */
  end(): string[] {
    return [...this.#rows, this.#row];
  }

  #put({ text, cells }: Piece): void {
    if (this.#used + cells > this.#width) this.#next();
    this.#row += text;
    this.#used += cells;
  }

  /** Each row ends its styles, and the next begins them again after its mark. */
  #next(): void {
    this.#rows.push(this.#row + [...this.#styles.keys()].join(""));
    this.#row = this.#mark.text + [...this.#styles.values()].join("");
    this.#used = this.#mark.cells;
  }

  #setStyle(sequence: string): void {
    const end = endOf(sequence);
    if (end === sequence) this.#styles.delete(end);
    else this.#styles.set(end, sequence);
  }
}

/** Runs of pieces without a space, and each space by itself. */
function* wordsOf(
  line: string,
  cells: Wrapping["cells"],
): Generator<readonly Piece[], void, undefined> {
  let word: Piece[] = [];
  for (const [text] of line.matchAll(PIECES)) {
    const piece = { text, cells: SEQUENCE.test(text) ? 0 : cells(text) };
    if (text !== " ") {
      word.push(piece);
      continue;
    }
    if (word.length > 0) yield word;
    word = [];
    yield [piece];
  }
  if (word.length > 0) yield word;
}

/** The clusters of a piece. One of any number of cells (Hangul's consonants) is taken apart. */
function* clustersOf(
  piece: Piece,
  cells: Wrapping["cells"],
): Generator<Piece, void, undefined> {
  if (piece.cells === 0) return yield piece;
  for (const { segment } of SEGMENTER.segment(piece.text)) {
    const parts = cells(segment) <= WIDEST ? [segment] : segment;
    for (const text of parts) yield { text, cells: cells(text) };
  }
}

/** The sequence that ends a style: of a weight, of inverse, of a colour. */
function endOf(sequence: string): string {
  const code = Number(sequence.slice(2, -1));
  const end = code <= 2 || code === 22 ? 22 : code === 7 || code === 27 ? 27 : 39;
  return `\u001b[${end}m`;
}
