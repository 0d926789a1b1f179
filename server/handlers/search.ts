/** `search`: texts with certain words, in the account's conversations, on a transfer stream. */
import { setImmediate } from "node:timers/promises";
import { ERRORS } from "../../protocol/errors.ts";
import type { ClientFrames, ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { SignedInSession } from "../services/signed_in_session.ts";
import type { Store } from "../store/store.ts";

interface SearchServices {
  readonly store: Pick<Store, "search">;
}

/** Messages that are added to the index at once. */
const INDEXED = 100;
/** Messages that are read from the store at once: bounds the memory that a slow reader costs. */
const BATCH = 20;
/** Rounds of a search, each bounded by the store: bounds a search for very common words. */
const ROUNDS = 100;
/** Words in one search. */
const WORDS = 16;

/** Other work runs between any two steps. */
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
    const found = await store.search.find(session.account.name, words, next, Math.min(left, BATCH));
    if (found.messages.length > 0) yield [...found.messages];
    left -= found.messages.length;
    next = found.next;
    if (next === undefined) break;
    await setImmediate();
  }
  yield [{ type: "end", re, more: next !== undefined }];
}

/** The words to search for; `undefined` if there are none, or too many. */
function wordsOf(text: string): string[] | undefined {
  if (new TextEncoder().encode(text).length > LIMITS.search) return undefined;
  const words = text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return words.length >= 1 && words.length <= WORDS ? words : undefined;
}
