/**
 * What a search looks for: texts that have all of the words. A word with punctuation inside is a
 * phrase: `e-mail` is `e`, then `mail`. Pure.
 */
import { wordsOf } from "./words.ts";

export class WordQuery {
  /** Each is in every text that matches. The long ones come first: few texts have them. */
  readonly words: readonly string[];
  readonly #phrases: readonly string[];

  constructor(words: readonly string[]) {
    const phrases = words.map(wordsOf).filter((phrase) => phrase.length > 0);
    this.words = [...new Set(phrases.flat())].toSorted((a, b) => b.length - a.length);
    this.#phrases = [...new Set(phrases.map(bounded))];
  }

  matches(text: string): boolean {
    const words = bounded(wordsOf(text));
    return this.#phrases.every((phrase) => words.includes(phrase));
  }
}

/** Words contain no space: a phrase is in a text where the one string is in the other. */
function bounded(words: readonly string[]): string {
  return ` ${words.join(" ")} `;
}
