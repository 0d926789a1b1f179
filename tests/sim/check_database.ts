/**
 * The database, once everyone has caught up: SQLite finds no fault with it, and no transaction has left
 * a half of its work behind.
 */
import type { Disk } from "./disk.ts";

/** Each finds nothing in a database that is whole. */
const QUERIES: readonly (readonly [fault: string, query: string])[] = [
  [
    "counted further than its messages",
    `SELECT id FROM conversations c
     WHERE NOT (id >= 'deleted:' AND id < 'deleted;')
     AND seq <> (SELECT max(seq) FROM messages WHERE conversation = c.number)`,
  ],
  [
    "a private conversation without both of its members",
    `SELECT id FROM conversations c WHERE id >= 'dm:' AND id < 'dm;'
     AND (SELECT count(*) FROM members WHERE conversation = c.number) <> 2`,
  ],
  [
    "a group without members",
    `SELECT id FROM conversations c WHERE id >= 'group:' AND id < 'group;' AND is_free = 0
     AND NOT EXISTS (SELECT 1 FROM members WHERE conversation = c.number)`,
  ],
  [
    "members of a group that is none",
    `SELECT id FROM conversations c WHERE (is_free = 1 OR id >= 'deleted:' AND id < 'deleted;')
     AND EXISTS (SELECT 1 FROM members WHERE conversation = c.number)`,
  ],
];

export function checkDatabase({ connection }: Disk): string[] {
  if (connection === undefined) return ["the database is not open"];
  const broken: string[] = [];
  for (const { integrity_check: result } of connection.prepare("PRAGMA integrity_check").all()) {
    if (result !== "ok") broken.push(`damaged database: ${result}`);
  }
  for (const row of connection.prepare("PRAGMA foreign_key_check").all()) {
    broken.push(`damaged database: a key of ${row["table"]} leads nowhere`);
  }
  for (const [fault, query] of QUERIES) {
    for (const { id } of connection.prepare(query).all()) broken.push(`${fault}: ${id}`);
  }
  return broken;
}
