/** Databases as earlier versions of the program left them. */
import { DatabaseSync } from "node:sqlite";
import { MIGRATIONS } from "../../server/store/migrations.ts";

/** Makes a database of an earlier schema, and runs SQL in it. */
export function makeOlder(file: string, schema: number, sql: string): void {
  const old = new DatabaseSync(file);
  for (const step of MIGRATIONS.slice(0, schema)) step(old);
  old.exec(`PRAGMA user_version = ${schema}; ${sql}`);
  old.close();
}
