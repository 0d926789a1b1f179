/**
 * Text as eyes see it: in grapheme clusters, and in cells of a terminal. What Ink measures with,
 * measures here too, so that both agree on where something stands. Pure.
 */
import stringWidth from "string-width";
import { safeText } from "../../../protocol/safe_text.ts";

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The clusters, in order. */
export function graphemes(text: string): string[] {
  return Array.from(SEGMENTER.segment(text), ({ segment }) => segment);
}

/** Where clusters begin, and where the text ends: the places that a cursor may be at. */
export function boundaries(text: string): number[] {
  return [...Array.from(SEGMENTER.segment(text), ({ index }) => index), text.length];
}

/** How many cells a safe text takes. Escape sequences of colours take none. */
export function cells(text: string): number {
  return stringWidth(text);
}

/** A safe text of no more than so many cells; `…` at its end says that it was longer. */
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

/** One cluster as it is shown: whatever acts on a terminal becomes visible. */
export function shown(cluster: string): string {
  return safeText(cluster);
}
