/**
 * What a terminal shows, as a picture (SVG): text with the colours and weights that SGR sequences
 * give it (ECMA-48, section 8.3.117), in cells of one size. Pure.
 */
import stringWidth from "string-width";

interface Picture {
  /** Rows as `tmux capture-pane -e` gives them. */
  readonly rows: readonly string[];
  readonly columns: number;
  readonly title: string;
}

/** A stretch of text in one look. */
interface Stretch {
  readonly text: string;
  readonly look: Look;
}

interface Look {
  readonly color: number | undefined;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly inverse: boolean;
}

const PLAIN: Look = { color: undefined, bold: false, dim: false, inverse: false };

const CELL = { width: 8.4, height: 18 } as const;
const MARGIN = 14;
const BAR = 30;
const INK = "#d8dee9";
const PAPER = "#1d2129";
const FONT = "ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, monospace";

/** By the last digit of the code: red, green, yellow, blue, magenta, cyan. */
const COLORS: Readonly<Record<number, string>> = {
  1: "#e06c75",
  2: "#98c379",
  3: "#e5c07b",
  4: "#61afef",
  5: "#c678dd",
  6: "#56b6c2",
};

/** The picture. */
export function svgOf({ rows, columns, title }: Picture): string {
  const width = Math.round(columns * CELL.width + 2 * MARGIN);
  const height = Math.round(rows.length * CELL.height + BAR + 2 * MARGIN);
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map((color, index) =>
    `<circle cx="${18 + 18 * index}" cy="17" r="5.5" fill="${color}"/>`
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
    `role="img" aria-label="${escape(title)}" font-family="${FONT}" font-size="14">`,
    `<rect width="${width}" height="${height}" rx="8" fill="${PAPER}"/>`,
    ...dots,
    `<text x="${width / 2}" y="22" text-anchor="middle" fill="#7f8696" font-size="12">` +
    `${escape(title)}</text>`,
    ...stretchesOf(rows).flatMap(drawRow),
    "</svg>",
    "",
  ].join("\n");
}

function drawRow(row: readonly Stretch[], index: number): string[] {
  const top = BAR + MARGIN + index * CELL.height;
  let column = 0;
  return row.flatMap(({ text, look }) => {
    const cells = stringWidth(text);
    const x = round(MARGIN + column * CELL.width);
    const width = round(cells * CELL.width);
    column += cells;
    const color = colorOf(look);
    const paper = look.inverse
      ? [`<rect x="${x}" y="${top}" width="${width}" height="${CELL.height}" fill="${color}"/>`]
      : [];
    if (text.trim() === "") return paper;
    const weight = look.bold ? ' font-weight="bold"' : "";
    const faint = look.dim ? ' opacity="0.6"' : "";
    return [
      ...paper,
      `<text x="${x}" y="${top + 13}" xml:space="preserve" textLength="${width}" ` +
      `lengthAdjust="spacingAndGlyphs" fill="${look.inverse ? PAPER : color}"${weight}${faint}>` +
      `${escape(text)}</text>`,
    ];
  });
}

/** The stretches of each row. A look goes on in the next row; nothing else is in what tmux gives. */
export function stretchesOf(rows: readonly string[]): Stretch[][] {
  let look = PLAIN;
  return rows.map((row) => {
    const stretches: Stretch[] = [];
    // deno-lint-ignore no-control-regex -- escape sequences are what this reads
    for (const [, codes, text] of row.matchAll(/\u001b\[([\d;]*)m|([^\u001b]+)/g)) {
      if (text === undefined) look = (codes ?? "").split(";").map(Number).reduce(applied, look);
      else stretches.push({ text, look });
    }
    return stretches;
  });
}

function applied(look: Look, code: number): Look {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...look, bold: true };
  if (code === 2) return { ...look, dim: true };
  if (code === 7) return { ...look, inverse: true };
  if (code === 22) return { ...look, bold: false, dim: false };
  if (code === 27) return { ...look, inverse: false };
  if (code === 39) return { ...look, color: undefined };
  const isColor = code >= 30 && code <= 37 || code >= 90 && code <= 97;
  return isColor ? { ...look, color: code % 10 } : look;
}

function colorOf({ color }: Look): string {
  return color === undefined ? INK : COLORS[color] ?? INK;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
