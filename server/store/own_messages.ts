/**
 * Counts an account's own messages in its conversations, which are not unread. Where there are many
 * to count it does so in pieces, and other work runs between them.
 */
import { setImmediate } from "node:timers/promises";
import type { Database } from "./database.ts";
import { integer, type Row } from "./sql.ts";

/** A member's conversation, and the messages in it that are unread, or the member's own. */
interface Span {
  readonly conversation: number;
  readonly account: number;
  /** The first of them comes after this `seq`; this is the last. */
  readonly mark: number;
  readonly visible: number;
}

interface Counted extends Span {
  readonly own: number;
}

/** Own messages of a conversation that are counted at most. */
const MOST = 1_000;
/** Messages that are counted at once: less than a millisecond. */
const PIECE = 5_000;

export class OwnMessages {
  readonly #count: ReturnType<Database["prepare"]>;

  constructor(database: Database) {
    this.#count = database.prepare(`
      SELECT count(*) AS count FROM (
        SELECT 1 FROM messages WHERE sender = ? AND conversation = ? AND seq > ? AND seq <= ?
        LIMIT ${MOST})`);
  }

  /** Counts in pieces. What is counted may change meanwhile: pass the result to `unreadIn`. */
  async countAll(rows: readonly Row[]): Promise<ReadonlyMap<number, Counted>> {
    const all = new Map<number, Counted>();
    let piece = 0;
    for (const span of rows.map(spanOf)) {
      const own = this.#own(span, span.mark);
      all.set(span.conversation, { ...span, own });
      piece += own;
      if (piece < PIECE) continue;
      piece = 0;
      await setImmediate();
    }
    return all;
  }

  /** How many are unread now. Too many where more than `MOST` are the account's own. */
  unreadIn(row: Row, counted?: ReadonlyMap<number, Counted>): number {
    const span = spanOf(row);
    const { mark, visible } = span;
    const before = counted?.get(span.conversation);
    const isSame = before?.mark === mark && before.visible <= visible;
    const own = isSame ? before.own + this.#own(span, before.visible) : this.#own(span, mark);
    return Math.max(0, visible - mark - own);
  }

  #own({ account, conversation, visible }: Span, after: number): number {
    if (visible <= after) return 0;
    return integer(this.#count.get(account, conversation, after, visible), "count");
  }
}

function spanOf(row: Row): Span {
  return {
    conversation: integer(row, "number"),
    account: integer(row, "account"),
    mark: integer(row, "mark"),
    visible: integer(row, "visible"),
  };
}
