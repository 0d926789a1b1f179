/** What Tab could complete a word to. */
import { createElement, type ReactElement } from "react";
import { cells } from "./graphemes.ts";
import { Row } from "./row.ts";
import { dim, inverse } from "./style.ts";

export interface CandidatesProps {
  readonly words: readonly string[];
  /** Which one stands in the line; `undefined`: none yet. */
  readonly chosen: number | undefined;
  readonly columns: number;
}

export function Candidates({ words, chosen, columns }: CandidatesProps): ReactElement {
  return createElement(Row, { text: candidatesText(words, chosen, columns), columns });
}

/** As many as fit, among them the chosen one. */
function candidatesText(
  words: readonly string[],
  chosen: number | undefined,
  columns: number,
): string {
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
  const shown = words.slice(first, last + 1).map((word, index) =>
    first + index === chosen ? inverse(word) : dim(word)
  );
  const more = last < words.length - 1 ? dim(" …") : "";
  return used > room ? "" : shown.join("  ") + more;
}
