/** What Tab can complete the word at the cursor to, as one row. Pure. */
import { cells } from "./graphemes.ts";
import { dim, inverse } from "./style.ts";

interface Suggestions {
  readonly words: readonly string[];
  /** The one in the input line; `undefined`: none yet. */
  readonly chosen: number | undefined;
  readonly columns: number;
}

/** As many words as fit, the chosen one among them. */
export function suggestionRow({ words, chosen, columns }: Suggestions): string {
  let first = chosen ?? 0;
  let used = cells(words[first] ?? "");
  const room = columns - 2;
  const fits = (index: number) => {
    const word = words[index];
    if (word === undefined || used + 2 + cells(word) > room) return false;
    used += 2 + cells(word);
    return true;
  };
  let last = first;
  while (fits(last + 1)) last++;
  while (fits(first - 1)) first--;
  const fitting = words.slice(first, last + 1).map((word, index) =>
    first + index === chosen ? inverse(word) : dim(word)
  );
  const more = last < words.length - 1 ? dim(" …") : "";
  return used > room ? "" : fitting.join("  ") + more;
}
