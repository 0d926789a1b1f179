/**
 * Draws the content of a terminal as SVG: text in cells of one size, with the colours and weights
 * of its SGR sequences (ECMA-48, section 8.3.117). Pure.
 */
import stringWidth from "string-width";

interface Picture {
  /** Rows as `tmux capture-pane -e` gives them. */
  readonly rows: readonly string[];
  readonly columns: number;
  readonly title: string;
}

/** Adjacent text in one style. */
interface Span {
  readonly text: string;
  readonly style: Style;
}

interface Style {
  readonly color: number | undefined;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly inverse: boolean;
}

const PLAIN: Style = { color: undefined, bold: false, dim: false, inverse: false };

const CELL = { width: 8.4, height: 18 } as const;
const MARGIN = 14;
const BAR = 30;
const FOREGROUND = "#d8dee9";
const BACKGROUND = "#1d2129";
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

export function svgOf({ rows, columns, title }: Picture): string {
  const width = Math.round(columns * CELL.width + 2 * MARGIN);
  const height = Math.round(rows.length * CELL.height + BAR + 2 * MARGIN);
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map((color, index) =>
    `<circle cx="${18 + 18 * index}" cy="17" r="5.5" fill="${color}"/>`
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
    `role="img" aria-label="${escape(title)}" font-family="${FONT}" font-size="14">`,
    `<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>`,
    ...dots,
    `<text x="${width / 2}" y="22" text-anchor="middle" fill="#7f8696" font-size="12">` +
    `${escape(title)}</text>`,
    ...spansOf(rows).flatMap(drawRow),
    "</svg>",
    "",
  ].join("\n");
}

function drawRow(row: readonly Span[], index: number): string[] {
  const top = BAR + MARGIN + index * CELL.height;
  let column = 0;
  return row.flatMap(({ text, style }) => {
    const cells = stringWidth(text);
    const x = round(MARGIN + column * CELL.width);
    const width = round(cells * CELL.width);
    column += cells;
    const color = colorOf(style);
    const background = style.inverse
      ? [`<rect x="${x}" y="${top}" width="${width}" height="${CELL.height}" fill="${color}"/>`]
      : [];
    if (text.trim() === "") return background;
    const weight = style.bold ? ' font-weight="bold"' : "";
    const opacity = style.dim ? ' opacity="0.6"' : "";
    return [
      ...background,
      `<text x="${x}" y="${top + 13}" xml:space="preserve" textLength="${width}" ` +
      `lengthAdjust="spacingAndGlyphs" fill="${
        style.inverse ? BACKGROUND : color
      }"${weight}${opacity}>` +
      `${escape(text)}</text>`,
    ];
  });
}

/** The spans of each row. A style continues in the next row. tmux writes no other sequences. */
export function spansOf(rows: readonly string[]): Span[][] {
  let style = PLAIN;
  return rows.map((row) => {
    const spans: Span[] = [];
    // deno-lint-ignore no-control-regex -- escape sequences are what this reads
    for (const [, codes, text] of row.matchAll(/\u001b\[([\d;]*)m|([^\u001b]+)/g)) {
      if (text === undefined) style = (codes ?? "").split(";").map(Number).reduce(applyCode, style);
      else spans.push({ text, style });
    }
    return spans;
  });
}

function applyCode(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 7) return { ...style, inverse: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 27) return { ...style, inverse: false };
  if (code === 39) return { ...style, color: undefined };
  const isColor = code >= 30 && code <= 37 || code >= 90 && code <= 97;
  return isColor ? { ...style, color: code % 10 } : style;
}

function colorOf({ color }: Style): string {
  return color === undefined ? FOREGROUND : COLORS[color] ?? FOREGROUND;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
