/**
 * Colours and weights. It uses the terminal's own sixteen colours, which fit its theme. With
 * `NO_COLOR` (no-color.org) it uses weights only. Pure.
 */

export interface Style {
  /** `false`: weights only. */
  readonly colors: boolean;
}

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  inverse: [7, 27],
} as const;

/** The colours of names: legible on dark and light backgrounds, without the red of errors. */
const NAMES = [32, 33, 34, 35, 36, 92, 93, 94, 95, 96] as const;
const RED = 31;
const YELLOW = 33;

export function bold(text: string): string {
  return sgr(text, ...CODES.bold);
}

export function dim(text: string): string {
  return sgr(text, ...CODES.dim);
}

export function inverse(text: string): string {
  return sgr(text, ...CODES.inverse);
}

export function errorStyle({ colors }: Style, text: string): string {
  return colors ? sgr(text, RED, 39) : bold(text);
}

/** Something to notice. */
export function highlight({ colors }: Style, text: string): string {
  return colors ? sgr(text, YELLOW, 39) : bold(text);
}

/** A name, in the colour that its hash chooses: the same everywhere. */
export function nameStyle({ colors }: Style, name: string, text = name): string {
  if (!colors) return bold(text);
  return sgr(text, NAMES[hash(name) % NAMES.length] ?? NAMES[0], 39);
}

function sgr(text: string, on: number, off: number): string {
  return text === "" ? "" : `\u001b[${on}m${text}\u001b[${off}m`;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  }
  return value;
}
