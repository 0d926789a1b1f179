/**
 * The index of words of the SQLite store, and what is freed bit by bit: synchronous pieces of work,
 * each bounded, which `sqlite.ts` runs inside transactions. Nobody waits for them while a message
 * is stored: new messages are put into the index later.
 */
import type { Message } from "../../protocol/frame.ts";
import { bodyOf, integer, messageOf, type Statements, text } from "./statements.ts";
import type { Found } from "./store.ts";

/** Texts that one call of `search` looks at. */
const LOOKED_AT = 250;

/** What was said with all of the words, before the message with the number `from`. */
export function search(
  sql: Statements,
  account: string,
  words: readonly string[],
  from: number | undefined,
  limit: number,
): Found {
  // Quoted, a word is a phrase and nothing else, whatever it looks like (sqlite.org/fts5.html, 3.1).
  const query = words.map((word) => `"${word.replaceAll('"', '""')}"`).join(" ");
  const candidates = sql.candidates.all(query, from ?? Number.MAX_SAFE_INTEGER, LOOKED_AT);
  const messages: Message[] = [];
  for (const { number } of candidates) {
    const row = sql.found.get(integer(number), account);
    if (row !== undefined && messages.push(messageOf(row)) === limit) {
      return { messages, next: integer(number) };
    }
  }
  const last = candidates.length < LOOKED_AT ? undefined : candidates.at(-1);
  return { messages, next: last && integer(last["number"]) };
}

/** Puts further messages into the index; `false`: none are left. */
export function index(sql: Statements, limit: number): boolean {
  const from = integer(sql.indexed.get()?.["indexed"]);
  const rows = sql.unindexed.all(from, limit);
  for (const row of rows) {
    const body = text(row["kind"]) === "text" ? bodyOf(row) : undefined;
    if (typeof body === "string") sql.addWords.run(integer(row["number"]), body);
  }
  const last = rows.at(-1);
  if (last !== undefined) sql.setIndexed.run(integer(last["number"]));
  return rows.length === limit;
}

/** Frees messages of deleted groups; `false`: none are left. */
export function sweep(sql: Statements, limit: number): boolean {
  const rows = sql.swept.all(limit);
  for (const row of rows) {
    const number = integer(row["number"]);
    sql.dropWords.run(number);
    sql.dropMessage.run(number);
  }
  // A number that is free again may be given to another message, which has to be indexed too.
  if (rows.length > 0) sql.lowerIndexed.run();
  if (rows.length < limit) sql.dropSwept.run();
  return rows.length === limit;
}
