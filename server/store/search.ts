/**
 * Searches, as the rest of the server sees them. The work is done elsewhere (`search_runner.ts`): this
 * reads what was found, and keeps the index behind the messages that are on the disk.
 */
import type { Message } from "../../protocol/frame.ts";
import type { Database } from "./database.ts";
import { messageOf, SELECT_MESSAGE } from "./messages.ts";
import { ACCOUNT_NUMBER, integer, LAST_MESSAGE } from "./sql.ts";
import type { Searcher, TextSearch } from "./search_runner.ts";
import type { Found } from "./text_finder.ts";

export interface SearchStore {
  /**
   * Looks for the newest texts that have all of the words, in conversations that the account is a
   * member of. Nothing that it says depends on other conversations.
   */
  begin(search: TextSearch): RunningSearch;
  /** Those of the messages that the account may read now, in the same order. */
  read(account: string, numbers: readonly number[]): Promise<Message[]>;
  /** Takes further messages into the index; `false`: none are left. */
  index(): Promise<boolean>;
}

export interface RunningSearch extends Disposable {
  /** Does a bounded piece of the work; `undefined`: there is more to do. */
  next(): Promise<Found | undefined>;
}

function prepare(database: Database) {
  return {
    last: database.prepare(`SELECT ${LAST_MESSAGE} AS number`),
    visible: database.prepare(`
      ${SELECT_MESSAGE} JOIN members r ON r.conversation = m.conversation
      WHERE m.number = ? AND r.account = ${ACCOUNT_NUMBER} AND m.seq <= coalesce(r.held, m.seq)`),
  };
}

export class SqliteSearch implements SearchStore {
  readonly #database: Database;
  readonly #searcher: Searcher;
  readonly #sql: ReturnType<typeof prepare>;
  #searches = 0;
  /** The index has all messages up to this one. */
  #indexed: number | undefined;

  constructor(database: Database, searcher: Searcher) {
    this.#database = database;
    this.#searcher = searcher;
    this.#sql = prepare(database);
  }

  begin(search: TextSearch): RunningSearch {
    const id = ++this.#searches;
    let isRunning = false;
    return {
      next: async () => {
        isRunning = true;
        const found = await this.#searcher.step(id, search);
        isRunning = found === undefined;
        return found;
      },
      [Symbol.dispose]: () => {
        // Nothing is left of it in a thread that has died.
        if (isRunning) this.#searcher.end(id).catch(() => {});
      },
    };
  }

  read(account: string, numbers: readonly number[]): Promise<Message[]> {
    return this.#database.read(() =>
      numbers.flatMap((number) => {
        const row = this.#sql.visible.get(number, account);
        return row === undefined ? [] : [messageOf(row)];
      })
    );
  }

  /** What a power cut may take back is not indexed: its number may come to be another message's. */
  async index(): Promise<boolean> {
    const last = await this.#database.read(() => integer(this.#sql.last.get(), "number"));
    if (last === this.#indexed) return false;
    const more = await this.#searcher.index(last);
    if (!more) this.#indexed = last;
    return more;
  }

  /** Before the messages are freed: after a failure between the two, both are done again. */
  remove(numbers: readonly number[]): Promise<void> {
    return this.#searcher.remove(numbers);
  }
}
