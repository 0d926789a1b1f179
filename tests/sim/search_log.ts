/**
 * The searches of one client: what each has to find, and what it must not. The people of a simulation
 * write words with spaces between them, so that no rule of the program's own is needed to tell which
 * texts have which words.
 */
import type { HistoryMessage } from "../../client/events.ts";
import type { Memberships } from "./memberships.ts";

/** Messages that a search finds at most. */
const MOST = 20;

interface Known {
  readonly conversation: string;
  readonly seq: number;
  readonly text: string | undefined;
}

interface Asked {
  readonly words: string;
  readonly at: number;
  /** What the client knew then, and has the words. */
  readonly known: readonly Known[];
}

interface SearchLogOptions {
  readonly account: string;
  readonly memberships: Memberships;
  readonly broke: (rule: string, what: string) => void;
}

export class SearchLog {
  readonly #options: SearchLogOptions;
  readonly #asked: Asked[] = [];
  /** Everything that was ever found. */
  readonly found: HistoryMessage[] = [];
  /** The newest answer; `undefined`: there is none since the client asked. */
  newest: readonly HistoryMessage[] | undefined;

  constructor(options: SearchLogOptions) {
    this.#options = options;
  }

  /** The client is asked to search. `known`: messages that it has shown, or that are stored. */
  ask(words: string, at: number, known: readonly Known[]): void {
    this.#asked.push({ words, at, known: known.filter(({ text }) => hasWords(text, words)) });
  }

  take(words: string, messages: readonly HistoryMessage[], isMore: boolean): void {
    // An earlier one may have failed: then less is expected than there could be.
    const index = this.#asked.findIndex((one) => one.words === words);
    const [asked] = this.#asked.splice(index, 1);
    this.newest = messages;
    this.found.push(...messages);
    if (index < 0 || asked === undefined) {
      return this.#options.broke("found and not searched for", words);
    }
    for (const message of messages) this.#judge(message, asked);
    const { size } = new Set(messages.map(({ conversation, seq }) => `${conversation} ${seq}`));
    if (size < messages.length) this.#options.broke("found twice", words);
    if (messages.length > MOST) this.#options.broke("found too many", words);
    this.#checkComplete(messages, isMore, asked);
  }

  #judge({ conversation, seq, id, text }: HistoryMessage, { words, at }: Asked): void {
    const { account, memberships, broke } = this.#options;
    const what = `${account} ${conversation} seq=${seq} id=${id}`;
    if (!hasWords(text, words)) broke("found without the words", what);
    if (!memberships.mayHaveRead(account, conversation, seq, at)) {
      broke("found by someone who may not see it", what);
    }
    if (memberships.isHeld(account, conversation, seq)) {
      broke("found while the account was not to be disturbed", what);
    }
  }

  /** What the client knew, and could read all the time, is found, unless newer texts fill the answer. */
  #checkComplete(messages: readonly HistoryMessage[], isMore: boolean, asked: Asked): void {
    const { account, memberships, broke } = this.#options;
    for (const { conversation, seq } of asked.known) {
      if (!memberships.couldRead(account, conversation, seq, asked.at)) continue;
      const there = messages.filter((one) => one.conversation === conversation);
      if (there.some((one) => one.seq === seq)) continue;
      const isOlder = there.every((one) => one.seq > seq);
      if (isMore && isOlder) continue;
      broke("not found", `${account} ${asked.words}: ${conversation} seq=${seq}`);
    }
  }
}

/** Whether the text has all of the words. */
export function hasWords(text: string | undefined, words: string): boolean {
  const all = text?.toLowerCase().split(" ") ?? [];
  return words.toLowerCase().split(" ").every((word) => all.includes(word));
}
