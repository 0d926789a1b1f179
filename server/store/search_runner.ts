/**
 * Runs searches and fills the index of words, in whatever thread it is made: each call does a bounded
 * piece of work at once, and waits for nothing but the disk. It has its own connections to both files,
 * so that no message waits for it.
 */
import { isDamaged } from "./error.ts";
import { MessageReader } from "./message_reader.ts";
import { findTexts, type Found } from "./text_finder.ts";
import { WordIndex } from "./word_index.ts";
import { WordQuery } from "./word_query.ts";

/** What an account searches for. */
export interface TextSearch {
  readonly account: string;
  readonly words: readonly string[];
  /** How many messages it finds at most. */
  readonly limit: number;
}

/** The same in this thread or in another one. */
export interface Searcher extends AsyncDisposable {
  /**
   * Goes on with a search, or begins it. `undefined`: it is not done, and goes on with the next call.
   * A search that is given up MUST be ended.
   */
  step(id: number, search: TextSearch): Promise<Found | undefined>;
  end(id: number): Promise<void>;
  /** Takes further messages into the index, those up to `last`; `false`: none are left. */
  index(last: number): Promise<boolean>;
  /** Removes the words of messages. */
  remove(numbers: readonly number[]): Promise<void>;
}

/** Characters of the texts that are taken into the index at once: some ten milliseconds. */
const PIECE = 64 * 1024;

export class SearchRunner implements Disposable {
  readonly #file: string;
  readonly #indexFile: string;
  readonly #searches = new Map<number, ReturnType<typeof findTexts>>();
  #messages: MessageReader | undefined;
  #index: WordIndex | undefined;

  /** Opens nothing yet. `file`: the database, whose schema is the newest. */
  constructor(file: string, indexFile: string) {
    this.#file = file;
    this.#indexFile = indexFile;
  }

  step(id: number, search: TextSearch): Found | undefined {
    return this.#withFiles((messages, index) => {
      const running = this.#searches.get(id) ?? this.#begin(messages, index, search);
      this.#searches.set(id, running);
      const { done, value } = running.next();
      if (done !== true) return undefined;
      this.#searches.delete(id);
      return value;
    });
  }

  end(id: number): void {
    this.#searches.delete(id);
  }

  index(last: number): boolean {
    return this.#withFiles((messages, index) => {
      const batch = messages.batch(index.progress.number, last, PIECE);
      if (batch.last === undefined) return false;
      index.add(batch.texts, batch.last);
      return batch.last.number < last;
    });
  }

  remove(numbers: readonly number[]): void {
    this.#withFiles((_, index) => index.remove(numbers));
  }

  [Symbol.dispose](): void {
    this.#searches.clear();
    this.#closeIndex();
    this.#messages?.[Symbol.dispose]();
    this.#messages = undefined;
  }

  #begin(messages: MessageReader, index: WordIndex, { account, words, limit }: TextSearch) {
    return findTexts({ messages, index }, { account, query: new WordQuery(words), limit });
  }

  #withFiles<T>(work: (messages: MessageReader, index: WordIndex) => T): T {
    try {
      const messages = this.#messages ??= new MessageReader(this.#file);
      const index = this.#index ??= WordIndex.open(
        this.#indexFile,
        (progress) => messages.has(progress),
      );
      return work(messages, index);
    } catch (error) {
      // Nothing is lost with the index: the next call makes it anew.
      if (isDamaged(error)) this.#discardIndex();
      throw error;
    }
  }

  #discardIndex(): void {
    this.#closeIndex();
    WordIndex.remove(this.#indexFile);
  }

  #closeIndex(): void {
    this.#searches.clear();
    this.#index?.[Symbol.dispose]();
    this.#index = undefined;
  }
}
