/**
 * Faults to plant, one at a time, in a copy of the program: the simulator MUST find them. Each is a
 * change of one text in one file, or of several where the program has a second line of defence. A text
 * that is not there any more is an error: write the fault anew for the program as it is.
 */
import type { Planted } from "./plant.ts";
import { BOUNDS, DELETIONS } from "./planted_limits.ts";

const EXCHANGE = "client/messages/message_exchange.ts";
const SYNC = "client/messages/conversation_sync.ts";
const FILES = "server/services/files.ts";
const LIVENESS = "client/session/liveness.ts";
const RECONNECTING = "client/session/reconnecting_session.ts";
const SEARCH = "server/store/search.ts";
const READER = "server/store/message_reader.ts";
const FINDER = "server/store/text_finder.ts";
const CATCH_UP = "client/messages/catch_up.ts";

const CLIENT: readonly Planted[] = [
  {
    name: "no resend after a break",
    file: EXCHANGE,
    text: "interrupt(): void {\n    this.#queue.retryAll();",
    fault: "interrupt(): void {",
  },
  {
    name: "no catch-up",
    file: SYNC,
    text: "this.#fetching = { after: this.#cursor,",
    fault: "return undefined;\n    this.#fetching = { after: this.#cursor,",
  },
  {
    name: "lost on resync",
    file: EXCHANGE,
    text: "this.#queue.retryAll();\n    this.#requestList();",
    fault: "",
  },
  {
    name: "marks before shown",
    file: EXCHANGE,
    text: "events.put(undefined, () => this.#marks.shown(conversation, seq));",
    fault: "this.#marks.shown(conversation, seq);",
  },
  {
    name: "held messages taken as shown",
    file: EXCHANGE,
    text: "this.#catchUp.fetchWithheld(page);",
    fault: "this.#catchUp.fetchEnded(page, false);",
  },
  {
    name: "shown twice",
    file: SYNC,
    text: "if (this.#cursor === undefined || seq <= this.#cursor) return [];\n    const shown",
    fault: "if (this.#cursor === undefined) return [];\n" +
      "    if (seq <= this.#cursor) return message ? [message] : [];\n    const shown",
  },
  {
    name: "own messages shown from history",
    file: CATCH_UP,
    text: "take(sync, own === undefined ? message : undefined)",
    fault: "take(sync, message)",
  },
  {
    name: "acknowledgements before the list forgotten",
    file: SYNC,
    text: "    this.#hold(seq, message);\n    return this.#drain();",
    fault:
      "    if (this.#cursor !== undefined) this.#hold(seq, message);\n    return this.#drain();",
  },
  {
    name: "lists ignored",
    file: SYNC,
    text: "if (this.#fetching) this.#fetching.listed = true;\n    this.#known(seq);",
    fault: "if (this.#fetching) this.#fetching.listed = true;",
  },
  {
    name: "gaps skipped",
    file: SYNC,
    text: "while (this.#held.has(this.#cursor + 1)) {",
    fault: "while (this.#held.size > 0) {",
  },
  {
    name: "waiting for a session forgotten",
    file: "client/session/signed_in_session.ts",
    text: "if (this.#connection === undefined) return;",
    fault: "",
  },
  {
    name: "newest message sent first",
    file: "client/messages/send_queue.ts",
    text: "for (const message of this.#waiting.values()) {",
    fault: "for (const message of [...this.#waiting.values()].reverse()) {",
  },
  {
    name: "download goes on at the start",
    file: "client/files/download_attempt.ts",
    text: "offset: file.length }",
    fault: "offset: 0 }",
  },
];

const SERVER: readonly Planted[] = [
  {
    name: "acknowledged before synced",
    file: "server/store/database.ts",
    text: "this.#disk.committed();\n      await this.#disk.synced();\n      return result;",
    fault: "this.#disk.committed();\n      return result;",
  },
  {
    name: "joins the sync that is under way",
    file: "server/store/wal_sync.ts",
    text: "return this.#next ??= this.#running.then(() => this.#start());",
    fault: "return this.#running;",
  },
  {
    name: "failed sync ignored",
    file: "server/store/wal_sync.ts",
    text: "error === null ? resolve() : reject(error)",
    fault: "resolve()",
  },
  {
    name: "history without a check of membership",
    file: "server/handlers/history.ts",
    text: "if (denied !== undefined) return yield refusal(denied);",
    fault: "",
  },
  {
    name: "removed members go on receiving",
    file: "server/services/rooms.ts",
    text: "for (const name of removed) audience.removeMember(name, conversation);",
    fault: "",
  },
  {
    name: "members of a deleted group go on receiving",
    file: "server/services/rooms.ts",
    text: "for (const { name } of members) audience.removeMember(name, conversation);",
    fault: "",
  },
  {
    name: "new members do not receive",
    file: "server/services/rooms.ts",
    text:
      "await store.rooms.addMembers(conversation, added);\n      await this.#subscribe(session, conversation, added);",
    fault: "await store.rooms.addMembers(conversation, added);",
  },
  {
    name: "frames dropped without resync",
    file: "server/outbox.ts",
    text: "this.push(this.#options.resync);",
    fault: "",
  },
  {
    name: "dnd ignored",
    file: "server/services/audience.ts",
    text: 'presence.statusOf(user) === "dnd" ? [] : presence.sessionsOf(user)',
    fault: "presence.sessionsOf(user)",
  },
  {
    name: "stored again when sent again",
    file: "server/store/messages.ts",
    text: "const stored = this.#sql.find.get(message.from, message.ulid);",
    fault: "const stored = undefined;",
  },
  {
    name: "shared bytes removed with the first file",
    file: "server/store/files.ts",
    text:
      "return blob === undefined || this.#sql.hasBlob.get(blob) !== undefined ? undefined : blob;",
    fault: "return blob;",
  },
  {
    name: "bytes removed before their file",
    file: FILES,
    text: "const blob = await store.remove(file, completed, begun);",
    fault:
      "await blobs.remove((await store.get(file))?.blob ?? blobName(randomBytes(NAME_BYTES)));\n" +
      "    const blob = await store.remove(file, completed, begun);",
  },
  {
    name: "files stored before their bytes have a place",
    file: FILES,
    text: "const writer = await blobs.create(row.blob);",
    fault: "await store.add(row);\n    const writer = await blobs.create(row.blob);",
  },
  {
    name: "files complete before synced",
    file: FILES,
    text: "const refusal = !await file.sync()",
    fault: "const refusal = false",
  },
  {
    name: "unsynced messages read",
    file: "server/store/messages.ts",
    text: "return this.#database.read(() =>",
    fault: "return this.#database.look(() =>",
    // A page of history waits for the state of its conversation too.
    also: [{
      file: "server/store/conversations.ts",
      text: "return this.#database.read(() => {",
      fault: "return this.#database.look(() => {",
    }],
  },
];

const SEARCHES: readonly Planted[] = [
  {
    name: "search without membership",
    file: READER,
    text: "WHERE r.account = ${ACCOUNT_NUMBER} AND r.conversation > ?",
    fault: "WHERE ? <> '' AND r.conversation > ?",
  },
  {
    name: "search without membership, and messages read so",
    file: READER,
    text: "WHERE r.account = ${ACCOUNT_NUMBER} AND r.conversation > ?",
    fault: "WHERE ? <> '' AND r.conversation > ?",
    also: [{
      file: SEARCH,
      text: "WHERE m.number = ? AND r.account = ${ACCOUNT_NUMBER} AND",
      fault: "WHERE m.number = ? AND ? <> '' AND",
    }],
  },
  {
    name: "search finds what is held",
    file: READER,
    text: "m.seq = coalesce(r.held, c.seq)",
    fault: "m.seq = c.seq",
    also: [{ file: SEARCH, text: " AND m.seq <= coalesce(r.held, m.seq)", fault: "" }],
  },
  {
    name: "found messages read before they are synced",
    file: SEARCH,
    text: "return this.#database.read(() =>\n      numbers.flatMap",
    fault: "return this.#database.look(() =>\n      numbers.flatMap",
  },
  {
    name: "texts that are not indexed yet are not found",
    file: FINDER,
    text: "readable.number > this.#indexed ? readable.seq : undefined",
    fault: "undefined",
  },
  {
    name: "only the first word of a text is indexed",
    file: "server/store/word_index.ts",
    text: "new Set(words.map(",
    fault: "new Set(words.slice(0, 1).map(",
  },
  {
    name: "search ends with its first conversation",
    file: FINDER,
    text: "heads.splice(heads.indexOf(newest), 1)",
    fault: "heads.length = 0",
  },
];

const COMEBACKS: readonly Planted[] = [
  {
    name: "no parallel dial",
    file: LIVENESS,
    text: "const spare = await reach(checking.signal);",
    fault: "const spare = undefined;",
  },
  {
    name: "signs of a restart ignored",
    file: LIVENESS,
    text: "void this.#watchForRestart();",
    fault: "",
  },
  {
    name: "signs of a restart ignored while signing in",
    file: "client/session/session_connection.ts",
    text: "ping: () => this.#ping(),",
    fault: 'ping: () => { if (!this.allows("ping")) throw new Error(); this.#ping(); },',
    also: [{
      file: LIVENESS,
      text: "    session.ping();",
      fault: "    try { session.ping(); } catch { this.#checking = undefined; return; }",
    }],
  },
  {
    name: "a good connection given up when a sign is forged",
    file: LIVENESS,
    text: "if (isHeard || session.isBusy())",
    fault: "if (session.isBusy())",
  },
  {
    name: "no time for an answer that was overtaken",
    file: LIVENESS,
    text: "if (spare !== undefined) await sleep(clock, clock.now() - began, checking.signal);",
    fault: "",
  },
  {
    name: "the other connection left open",
    file: RECONNECTING,
    text: "discard: () => dialled.connection.close(CLOSE_DONE),",
    fault: "discard: () => {},",
  },
];

const TRANSACTIONS: readonly Planted[] = [
  {
    name: "a transaction that fails is half kept",
    file: "server/store/database.ts",
    text: "if (this.#database.isTransaction) this.#rollback.run();",
    fault: "if (this.#database.isTransaction) this.#commit.run();",
  },
  {
    name: "messages stored without a transaction",
    file: "server/store/messages.ts",
    text: "return this.#database.transaction(() => batch.map(",
    fault: "return this.#database.write(() => batch.map(",
  },
];

export const PLANTED: readonly Planted[] = [
  ...CLIENT,
  ...SERVER,
  ...SEARCHES,
  ...COMEBACKS,
  ...TRANSACTIONS,
  ...DELETIONS,
  ...BOUNDS,
];
