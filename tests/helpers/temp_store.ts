/** The real store in a folder of its own, with people in it. */
import { join } from "node:path";
import { openSqliteStore } from "../../server/store/sqlite.ts";
import type { Store } from "../../server/store/store.ts";
import { searchHere } from "./search_here.ts";

interface TempStore extends AsyncDisposable {
  readonly store: Store;
  /** The database's file. */
  readonly file: string;
}

export async function tempStore(...people: string[]): Promise<TempStore> {
  const folder = await Deno.makeTempDir({ prefix: "sotto-store-" });
  const file = join(folder, "sotto.db");
  const store = openSqliteStore(file, { searcher: searchHere });
  for (const name of people) await store.accounts.create(name, "$hash$", 1);
  return {
    store,
    file,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
