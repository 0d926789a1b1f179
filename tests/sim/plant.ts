/** A fault to plant in a copy of the program, as a change of texts, and how it is planted. */

interface Change {
  readonly file: string;
  readonly text: string;
  /** What is put in the text's place. */
  readonly fault: string;
}

export interface Planted extends Change {
  readonly name: string;
  /** Further changes, which are a fault only together with the first. */
  readonly also?: readonly Change[];
}

export function changesOf(planted: Planted): readonly Change[] {
  return [planted, ...planted.also ?? []];
}

/** The source with the change. Throws if its text is not there exactly once. */
export function plant(source: string, { file, text, fault }: Change): string {
  const parts = source.split(text);
  if (parts.length === 2 && text !== fault) return parts.join(fault);
  throw new Error(`Cannot plant in ${file}: its text is there ${parts.length - 1} times: ${text}`);
}
