/** What the parts of the store share: fragments of SQL, and how the values of a row are read. */
import type { SQLOutputValue } from "node:sqlite";

export type Row = Record<string, SQLOutputValue>;

/** The number of the account whose name, or the conversation whose ID, is the parameter. */
export const ACCOUNT_NUMBER = "(SELECT number FROM accounts WHERE name = ?)";
export const CONVERSATION_NUMBER = "(SELECT number FROM conversations WHERE id = ?)";

/**
 * Whether a conversation is a deleted group, whose messages are not all freed: no client can name
 * such an ID.
 */
export const DELETED = "id >= 'deleted:' AND id < 'deleted;'";

/** The greatest number that a message has had: those of freed messages are never used again. */
export const LAST_MESSAGE = `max(
  coalesce((SELECT max(number) FROM messages), 0), (SELECT number FROM freed_messages))`;

export function integer(row: Row | undefined, column: string): number {
  const value = row?.[column];
  if (typeof value !== "number") throw new TypeError(`The column ${column} holds no number`);
  return value;
}

export function text(row: Row | undefined, column: string): string {
  const value = row?.[column];
  if (typeof value !== "string") throw new TypeError(`The column ${column} holds no text`);
  return value;
}

/** `undefined` for NULL. */
export function optionalText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : text(row, column);
}

export function bytes(row: Row, column: string): Uint8Array<ArrayBuffer> {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new TypeError(`The column ${column} holds no bytes`);
  return new Uint8Array(value);
}
