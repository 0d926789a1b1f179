/**
 * The words of a text, as they are compared: whatever their case and accents, and without what stands
 * between them. Pure.
 */

/** The words in their order. */
export function wordsOf(text: string): string[] {
  return fold(text).match(WORD) ?? [];
}

/** Combining marks outside of this block are letters of their scripts: they stay. */
const ACCENT = /[\u0300-\u036f]+/g;
const WORD = /[\p{L}\p{N}\p{M}\p{Co}]+/gu;

function fold(text: string): string {
  // A sigma at the end of a word has a form of its own.
  return text.toLowerCase().normalize("NFD").replace(ACCENT, "").replaceAll("ς", "σ");
}
