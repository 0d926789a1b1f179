/** A database with the newest schema, to be copied for each run: making one takes longer. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../server/store/sqlite.ts";

/** A disk in memory, where there is one. */
const MEMORY = "/dev/shm";

interface Workspace extends Disposable {
  readonly folder: string;
  readonly template: string;
}

export async function makeWorkspace(): Promise<Workspace> {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "sotto-sim-"));
  const template = join(folder, "template.db");
  await openSqliteStore(template)[Symbol.asyncDispose]();
  return {
    folder,
    template,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
