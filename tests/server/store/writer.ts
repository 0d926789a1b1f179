/** A process that appends for as long as it lives, telling each number once it is promised. */
import { messageOf } from "../../helpers/messages.ts";
import { openSqliteStore } from "../../../server/store/sqlite.ts";

const [file] = Deno.args;
if (file === undefined) throw new Error("Give the database file");
const store = openSqliteStore(file);
await store.accounts.create("ann", "$hash$", 1);
for (let number = 1;; number += 3) {
  const appended = await store.messages.append([0, 1, 2].map((extra) => messageOf(number + extra)));
  console.log(appended.map((one) => one?.seq).join("\n"));
}
