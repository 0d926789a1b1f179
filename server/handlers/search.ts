/** `search`: texts that have certain words, in what one may read, on a stream of its own. */
import { setImmediate } from "node:timers/promises";
import { ERRORS } from "../../protocol/errors.ts";
import type { ClientFrames, ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { SignedInSession } from "../services/signed_in_session.ts";
import type { Store } from "../store/store.ts";

export interface SearchServices {
  readonly store: Pick<Store, "search">;
}

/** Messages that are put into the index in one go. */
const INDEXED = 100;
/** Messages read at once: bounds what a reader that stalls keeps in memory. */
const READ = 20;
/** Rounds of looking, each bounded by the store: a search for what everybody says ends too. */
const ROUNDS = 100;
/** Words in one search. */
const WORDS = 16;

/** Others have their turn between any two steps. */
export async function* search(
  frame: ClientFrames["search"],
  session: SignedInSession,
  { store }: SearchServices,
): AsyncGenerator<ServerFrame[]> {
  const { id: re, limit } = frame;
  const words = wordsOf(frame.words);
  if (words === undefined) {
    const message = `${ERRORS.bad_search.meaning} Give 1 to ${WORDS} words with letters or digits.`;
    yield [{ type: "error", re, code: "bad_search", message }];
    return;
  }
  while (await store.search.index(INDEXED)) await setImmediate();

  let left = limit;
  let next: number | undefined;
  for (let round = 0; round < ROUNDS && left > 0; round++) {
    const found = await store.search.find(session.account.name, words, next, Math.min(left, READ));
    if (found.messages.length > 0) yield [...found.messages];
    left -= found.messages.length;
    next = found.next;
    if (next === undefined) break;
    await setImmediate();
  }
  yield [{ type: "end", re, more: next !== undefined }];
}

/** Words that can be looked for; `undefined` when there are none, or too many. */
function wordsOf(text: string): string[] | undefined {
  if (new TextEncoder().encode(text).length > LIMITS.search) return undefined;
  const words = text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return words.length >= 1 && words.length <= WORDS ? words : undefined;
}
