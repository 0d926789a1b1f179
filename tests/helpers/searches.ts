/** Searches in a store, to their end. */
import type { Store } from "../../server/store/store.ts";
import type { Found } from "../../server/store/text_finder.ts";

/** What was found, and in how many pieces the work was done. */
export async function searchFor(
  store: Store,
  account: string,
  words: readonly string[],
  limit = 10_000,
): Promise<Found & { readonly texts: unknown[]; readonly pieces: number }> {
  using search = store.search.begin({ account, words, limit });
  for (let pieces = 1;; pieces++) {
    const found = await search.next();
    if (found === undefined) continue;
    const messages = await store.search.read(account, found.numbers);
    return { ...found, texts: messages.map(({ content }) => content.body), pieces };
  }
}

export async function indexAll(store: Store): Promise<void> {
  while (await store.search.index());
}
