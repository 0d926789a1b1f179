/**
 * Text as a terminal shows it: in grapheme clusters and in cells. It measures as Ink does, so that
 * both agree on the column of each character. Pure.
 */
import stringWidth from "string-width";

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The clusters, in order. */
export function graphemes(text: string): string[] {
  return Array.from(SEGMENTER.segment(text), ({ segment }) => segment);
}

/** Where clusters begin, and where the text ends: the positions that a cursor may have. */
export function boundaries(text: string): number[] {
  return [...Array.from(SEGMENTER.segment(text), ({ index }) => index), text.length];
}

/** How many cells a safe text takes. Escape sequences of colours take none. */
export function cells(text: string): number {
  return stringWidth(text);
}

/** A safe text of at most so many cells. `…` at its end says that it was cut. */
export function fit(text: string, most: number): string {
  if (most <= 0) return "";
  if (cells(text) <= most) return text;
  let kept = "";
  let used = 0;
  for (const cluster of graphemes(text)) {
    used += cells(cluster);
    if (used > most - 1) break;
    kept += cluster;
  }
  return `${kept}…`;
}
