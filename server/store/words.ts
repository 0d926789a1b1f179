/**
 * The words of a text, as they are compared: whatever their case and accents, and without what stands
 * between them. Pure. The work is in proportion to the text.
 */

/** The words in their order. */
export function wordsOf(text: string): string[] {
  return fold(text).match(WORD) ?? [];
}

/** Combining marks outside of this block are letters of their scripts: they stay. */
const ACCENT = /[\u0300-\u036f]+/g;
/** Sorting the marks of a letter takes time in proportion to the square of their number. */
const MANY_MARKS = /(\p{M}{8})\p{M}+/gu;
const WORD = /[\p{L}\p{N}\p{M}\p{Co}]+/gu;

function fold(text: string): string {
  const few = text.toLowerCase().replace(ACCENT, "").replace(MANY_MARKS, "$1");
  // A sigma at the end of a word has a form of its own.
  return few.normalize("NFD").replace(ACCENT, "").replaceAll("ς", "σ");
}
