/** Opens the SQLite file, either as the one server that owns it or beside that server. */
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "./error.ts";
import { checkSchema, migrate, type Migration } from "./migrations.ts";

/** How long a write waits for another process's. */
const PATIENCE = 5_000;

/** Makes the file where there is none, and brings it to the newest schema. */
export function openDatabase(file: string, migrations?: readonly Migration[]): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: PATIENCE, enableForeignKeyConstraints: true });
  try {
    chmodSync(file, 0o600);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    migrate(database, file, migrations);
    return database;
  } catch (error) {
    database.close();
    if (error instanceof StoreError) throw error;
    throw new StoreError(
      "unreadable",
      `Cannot read ${file}: it is no database, or is damaged. Put a copy in its place, or use ` +
        "another folder.",
      { cause: error },
    );
  }
}

/** Opens a file that a server has open, and changes nothing of its schema. */
export function openShared(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: PATIENCE, enableForeignKeyConstraints: true });
  try {
    checkSchema(database, file);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
