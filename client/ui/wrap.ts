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

/** A cluster, or a sequence that sets a style and takes no cells. */
interface Token {
  readonly text: string;
  readonly cells: number;
}

/** Sequences that set a style, by the one that ends it. */
type Styles = Map<string, string>;

// deno-lint-ignore no-control-regex -- that is how styles are set
const SEQUENCE = /(\u001b\[\d+m)/;
const SEGMENTER = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** The most cells of a character. */
const WIDEST = 2;
/** The least share of a row for text. */
const LEAST_ROOM = 1 / 2;

/** The rows of a line. */
export function wrapLine(line: string, { columns, marks, cells }: Wrapping): string[] {
  // Some terminals wrap a row that fills the last column.
  const width = columns - 1;
  const tokens = tokensOf(line, cells);
  if (width < 1 || widthOf(tokens) <= width) return [line];
  const mark = marks.find((one) => cells(one) <= width * (1 - LEAST_ROOM)) ?? "";
  const rows = new Rows({ text: mark, cells: cells(mark) }, width);
  for (const word of wordsOf(tokens)) rows.add(word);
  return rows.end();
}

/** Rows that are filled one after the other. */
class Rows {
  readonly #mark: Token;
  readonly #width: number;
  readonly #rows: string[] = [];
  #row = "";
  #used = 0;
  readonly #styles: Styles = new Map();

  constructor(mark: Token, width: number) {
    this.#mark = mark;
    this.#width = width;
  }

  /** Adds a word: whole in this row, else whole in the next, else in as many as it takes. */
  add(word: readonly Token[]): void {
    const cells = widthOf(word);
    // The end of the row takes the place of a space.
    if (word[0]?.text === " " && this.#used + cells > this.#width) return this.#next();
    if (this.#used + cells > this.#width && cells <= this.#width - this.#mark.cells) this.#next();
    for (const token of word) {
      if (this.#used + token.cells > this.#width) this.#next();
      this.#row += token.text;
      this.#used += token.cells;
      if (SEQUENCE.test(token.text)) this.#setStyle(token.text);
    }
  }

  /** All rows. */
  end(): string[] {
    return [...this.#rows, this.#row];
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

function tokensOf(line: string, cells: Wrapping["cells"]): Token[] {
  return line.split(SEQUENCE).flatMap((piece, index) => {
    if (index % 2 === 1) return [{ text: piece, cells: 0 }];
    return Array.from(SEGMENTER.segment(piece), ({ segment }) => clusterTokens(segment, cells))
      .flat();
  });
}

/** A cluster may have any number of cells (Hangul's leading consonants): a wide one is taken apart. */
function clusterTokens(cluster: string, cells: Wrapping["cells"]): Token[] {
  const width = cells(cluster);
  if (width <= WIDEST) return [{ text: cluster, cells: width }];
  return [...cluster].map((character) => ({ text: character, cells: cells(character) }));
}

/** Runs of clusters without a space, and each space by itself. */
function* wordsOf(tokens: readonly Token[]): Generator<Token[], void, undefined> {
  let word: Token[] = [];
  for (const token of tokens) {
    if (token.text !== " ") {
      word.push(token);
      continue;
    }
    if (word.length > 0) yield word;
    word = [];
    yield [token];
  }
  if (word.length > 0) yield word;
}

function widthOf(tokens: readonly Token[]): number {
  return tokens.reduce((sum, { cells }) => sum + cells, 0);
}

/** The sequence that ends a style: of a weight, of inverse, of a colour. */
function endOf(sequence: string): string {
  const code = Number(sequence.slice(2, -1));
  const end = code <= 2 || code === 22 ? 22 : code === 7 || code === 27 ? 27 : 39;
  return `\u001b[${end}m`;
}
