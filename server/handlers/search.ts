/** `search`: texts with certain words, in the account's conversations, on a transfer stream. */
import { ERRORS, ProtocolError } from "../../protocol/errors.ts";
import type { ClientFrames, ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Searches } from "../services/searches.ts";
import type { SignedInSession } from "../services/signed_in_session.ts";
import type { Store } from "../store/store.ts";
import { wordsOf } from "../store/words.ts";

interface SearchServices {
  readonly searches: Searches;
  readonly store: { readonly search: Pick<Store["search"], "read"> };
}

/** Messages that are read from the store at once: bounds the memory that a slow reader costs. */
const BATCH = 20;
/** Words in one search. */
const WORDS = 16;

export async function* search(
  frame: ClientFrames["search"],
  session: SignedInSession,
  { searches, store }: SearchServices,
): AsyncGenerator<ServerFrame[]> {
  const { id: re, limit } = frame;
  try {
    const { numbers, more } = await searches.find(session, splitWords(frame.words), limit);
    for (let at = 0; at < numbers.length; at += BATCH) {
      const batch = numbers.slice(at, at + BATCH);
      const messages = await store.search.read(session.account.name, batch);
      if (messages.length > 0) yield messages;
    }
    yield [{ type: "end", re, more }];
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    yield [{ type: "error", re, code: error.code, message: error.message }];
  }
}

/** The words to search for. */
function splitWords(text: string): string[] {
  const words = text.split(/\s+/).filter((word) => wordsOf(word).length > 0);
  const isShort = new TextEncoder().encode(text).length <= LIMITS.search;
  if (isShort && words.length >= 1 && words.length <= WORDS) return words;
  const message = `${ERRORS.bad_search.meaning} Give 1 to ${WORDS} words with letters or digits.`;
  throw new ProtocolError("bad_search", message);
}
