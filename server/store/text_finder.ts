/**
 * Finds texts: the newest ones that have all of the words, in conversations that the account is in.
 *
 * 1. It reads the index and the messages of these conversations only: neither what it finds, nor
 *    `more`, nor how much work it does depends on what others write elsewhere.
 * 2. The work between two `yield`s is bounded (`SLICE`), and so is that of a whole search (`MOST`),
 *    whatever the words and the texts are. It is counted, so that it does not depend on the machine.
 * 3. Whatever is in the index, only texts that have the words are found.
 * 4. A message need not be in the index to be found: the newest ones are looked at one by one.
 */
import { assert } from "../../protocol/assert.ts";
import type { MessageReader, Readable } from "./message_reader.ts";
import { chapterOf, type WordIndex } from "./word_index.ts";
import type { WordQuery } from "./word_query.ts";

export interface Found {
  /** Of the messages, the newest first. */
  readonly numbers: readonly number[];
  /** Whether there may be further ones. */
  readonly more: boolean;
}

interface Sources {
  readonly messages: Pick<MessageReader, "newest" | "readable" | "text">;
  readonly index: Pick<WordIndex, "find" | "progress">;
}

interface Search {
  readonly account: string;
  readonly query: WordQuery;
  /** How many messages it finds at most. */
  readonly limit: number;
}

/** Work, in units of about a microsecond: until it yields, and until it ends. */
const SLICE = 5_000;
const MOST = 500_000;
/** What it counts for to look up a word; to read a text, and each of its characters. */
const LOOK_UP = 50;
const TEXT = 10;
const CHARACTER = 1 / 25;
/** Messages that may match and are kept for later, of each conversation: bounds the memory. */
const KEPT = 64;
/** Conversations of which the newest message is looked up at once. */
const PAGE = 100;

export function* findTexts(sources: Sources, search: Search): Generator<void, Found> {
  const { account, query, limit } = search;
  if (query.words.length === 0) return { numbers: [], more: false };
  const work = new Work();
  const heads: Head[] = [];
  for (let after = 0; !work.isSpent;) {
    const page = sources.messages.readable(account, after, PAGE);
    work.add(page.length * TEXT);
    for (const readable of page) {
      const head = new Head(sources, query, readable, work);
      if (yield* head.advance()) heads.push(head);
    }
    after = page.at(-1)?.conversation ?? after;
    if (page.length < PAGE) break;
  }

  const numbers: number[] = [];
  while (heads.length > 0 && numbers.length < limit) {
    const newest = heads.reduce((a, b) => a.number > b.number ? a : b);
    numbers.push(newest.number);
    if (!(yield* newest.advance())) heads.splice(heads.indexOf(newest), 1);
  }
  return { numbers, more: work.isSpent || heads.length > 0 };
}

/** Counts the work of one search. */
class Work {
  #left = MOST;
  #slice = SLICE;

  /** Nothing further is to be looked at. */
  get isSpent(): boolean {
    return this.#left <= 0;
  }

  add(units: number): void {
    this.#left -= units;
    this.#slice -= units;
  }

  /** Lets other work run, if it is time. */
  *pause(): Generator<void> {
    if (this.#slice > 0) return;
    this.#slice = SLICE;
    yield;
  }
}

/** One conversation, and the newest text in it that matches and was not found before. */
class Head {
  readonly #sources: Sources;
  readonly #query: WordQuery;
  readonly #conversation: number;
  readonly #work: Work;
  readonly #indexed: number;
  /** The next message that is not in the index: its `seq`. `undefined`: all of them were looked at. */
  #seq: number | undefined;
  /** In the index, matches up to this number are still to be found, in chapters up to this one. */
  #from: number;
  #chapter: number;
  /** Messages that have all words of the query, from the newest of them on; not always all of them. */
  #candidates: readonly number[] = [];
  #number = 0;

  constructor(sources: Sources, query: WordQuery, readable: Readable, work: Work) {
    this.#sources = sources;
    this.#query = query;
    this.#work = work;
    this.#conversation = readable.conversation;
    this.#indexed = sources.index.progress.number;
    this.#seq = readable.number > this.#indexed ? readable.seq : undefined;
    this.#from = Math.min(readable.number, this.#indexed);
    this.#chapter = chapterOf(readable.seq);
  }

  /** The message's. */
  get number(): number {
    assert(this.#number > 0, "there is a text that matches");
    return this.#number;
  }

  /** Goes to the next text that matches; `false`: there is none, or no work may be done any more. */
  *advance(): Generator<void, boolean> {
    const number = (yield* this.#nextUnindexed()) ?? (yield* this.#nextIndexed());
    if (number === undefined) return false;
    assert(this.#number === 0 || number < this.#number, "the next match is older");
    this.#number = number;
    return true;
  }

  *#nextUnindexed(): Generator<void, number | undefined> {
    while (this.#seq !== undefined && !this.#work.isSpent) {
      const message = this.#sources.messages.newest(this.#conversation, this.#seq);
      this.#work.add(TEXT);
      if (message === undefined || message.number <= this.#indexed) {
        this.#seq = undefined;
        return undefined;
      }
      this.#seq = message.seq - 1;
      if (this.#matches(message.body)) return message.number;
      yield* this.#work.pause();
    }
    return undefined;
  }

  *#nextIndexed(): Generator<void, number | undefined> {
    while (!this.#work.isSpent) {
      const [number, ...others] = this.#candidates;
      if (number === undefined) {
        if (this.#chapter < 0) return undefined;
        yield* this.#findCandidates();
        continue;
      }
      this.#candidates = others;
      this.#from = number - 1;
      this.#work.add(TEXT);
      if (this.#matches(this.#sources.messages.text(number))) return number;
      yield* this.#work.pause();
    }
    return undefined;
  }

  /** Finds further candidates in the chapter; where there are none, goes to the one before. */
  *#findCandidates(): Generator<void> {
    const place = { conversation: this.#conversation, chapter: this.#chapter };
    let common: number[] | undefined;
    for (const word of this.#query.words) {
      const list = this.#sources.index.find(place, word);
      this.#work.add(LOOK_UP + list.length);
      common = common === undefined ? list.filter((n) => n <= this.#from) : inBoth(common, list);
      if (common.length === 0) break;
      yield* this.#work.pause();
    }
    this.#candidates = common?.slice(0, KEPT) ?? [];
    if (this.#candidates.length === 0) this.#chapter--;
    yield* this.#work.pause();
  }

  #matches(body: string | undefined): boolean {
    if (body === undefined) return false;
    this.#work.add(body.length * CHARACTER);
    return this.#query.matches(body);
  }
}

/** Both descend. */
function inBoth(one: readonly number[], other: readonly number[]): number[] {
  const members = new Set(other);
  return one.filter((number) => members.has(number));
}
