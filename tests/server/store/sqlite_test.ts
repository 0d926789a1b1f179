import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { GENERAL } from "../../../protocol/names.ts";
import { StoreError } from "../../../server/store/error.ts";
import { type Migration, MIGRATIONS, schemaVersion } from "../../../server/store/migrations.ts";
import { openBesideServer, openSqliteStore } from "../../../server/store/sqlite.ts";
import { settle } from "../../helpers/fake_clock.ts";
import { messageOf, ulidOf } from "../../helpers/messages.ts";
import { makeOlder } from "../../helpers/older_database.ts";
import { searchHere } from "../../helpers/search_here.ts";
import { indexAll, searchFor } from "../../helpers/searches.ts";
import { storeContract } from "./contract.ts";

async function tempFile() {
  const dir = await Deno.makeTempDir({ prefix: "sotto-store-" });
  return {
    file: join(dir, "sotto.db"),
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

storeContract("openSqliteStore()", async () => {
  const temp = await tempFile();
  return {
    open: () => Promise.try(() => openSqliteStore(temp.file, { searcher: searchHere })),
    [Symbol.asyncDispose]: temp[Symbol.asyncDispose],
  };
});

Deno.test("openSqliteStore() returns nothing for clients that a power cut can take back", async () => {
  await using temp = await tempFile();
  const syncs: (() => void)[] = [];
  await using store = openSqliteStore(temp.file, {
    syncFile: (_, done) => void syncs.push(() => done(null)),
  });
  /** Lets every sync end until the promise has settled. */
  const synced = async <T>(promise: Promise<T>): Promise<T> => {
    let isDone = false;
    const done = promise.finally(() => isDone = true);
    while (!isDone) {
      syncs.splice(0).forEach((sync) => sync());
      await settle(1);
    }
    return await done;
  };
  await synced(store.accounts.create("ann", "hash", 1));
  const content = { kind: "text", body: "words" };
  const message = { conversation: GENERAL, ulid: ulidOf(1), from: "ann", at: 1, content };
  const stored = store.messages.append([message]);

  const { conversations, messages, rooms, search } = store;
  const reads = {
    history: messages.history(GENERAL, 0, 10).then((found) => found.length),
    states: conversations.states("ann").then((states) => states[0]?.seq),
    state: conversations.state("ann", GENERAL).then((state) => state?.seq),
    members: conversations.members(GENERAL).then((members) => members.length),
    rooms: rooms.list("ann", "rooms").then((listed) => listed[0]?.people),
    search: search.read("ann", [1]).then((found) => found.length),
  };
  const early: string[] = [];
  for (const [name, read] of Object.entries(reads)) void read.then(() => early.push(name));
  await settle();
  assert.deepEqual(early, [], "the disk has nothing yet");
  await synced(stored);
  assert.deepEqual(await synced(Promise.all(Object.values(reads))), [1, 1, 1, 1, 1, 1]);

  await conversations.states("ann");
  assert.equal(syncs.length, 0, "what is on the disk is read at once");
});

const LATER: Migration = (database) => database.exec("ALTER TABLE accounts ADD COLUMN motto TEXT");
const BROKEN: Migration = (database) => {
  database.exec("ALTER TABLE accounts ADD COLUMN colour TEXT");
  database.exec("SELECT nothing FROM nowhere");
};

/** What a look at the file from outside shows. */
function inspect(file: string): { version: number; columns: string[] } {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const columns = database.prepare("SELECT name FROM pragma_table_info('accounts')").all();
    return { version: schemaVersion(database), columns: columns.map((row) => String(row.name)) };
  } finally {
    database.close();
  }
}

Deno.test("openSqliteStore() makes the database readable for its owner only", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using temp = await tempFile();
  const folder = dirname(temp.file);
  await Deno.chmod(folder, 0o755);
  // An earlier version left this one open to all.
  await Deno.writeTextFile(`${temp.file}.lock`, "", { mode: 0o644 });
  await using _store = openSqliteStore(temp.file);
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
  for (const name of ["", "-shm", "-wal", ".lock"]) assert.ok(names.includes(`sotto.db${name}`));
  for (const name of names) {
    assert.equal(((await Deno.stat(join(folder, name))).mode ?? 0) & 0o777, 0o600, name);
  }
});

Deno.test("openSqliteStore() starts while another program reads the lock's file", async () => {
  await using temp = await tempFile();
  await Deno.writeTextFile(`${temp.file}.lock`, "");
  using reader = new DatabaseSync(`${temp.file}.lock`, { readOnly: true });
  reader.exec("BEGIN; SELECT * FROM sqlite_master");
  await using _store = openSqliteStore(temp.file);
  assert.throws(() => openSqliteStore(temp.file), /another server is using it/);
});

Deno.test("openSqliteStore() says that another server is using the database", async () => {
  await using temp = await tempFile();
  await using _store = openSqliteStore(temp.file);
  assert.throws(() => openSqliteStore(temp.file), (error) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.code, "in_use");
    assert.match(error.message, /another server is using it, or .* locked .*sotto\.db\.lock/);
    return true;
  });
});

Deno.test("openSqliteStore() says that a file is no database, and leaves it as it was", async () => {
  await using temp = await tempFile();
  await Deno.writeTextFile(temp.file, "Dear diary, this is not a database at all. ".repeat(40));
  const before = await Deno.readTextFile(temp.file);
  assert.throws(
    () => openSqliteStore(temp.file),
    (error) => error instanceof StoreError && error.code === "unreadable",
  );
  assert.equal(await Deno.readTextFile(temp.file), before);
});

Deno.test("migrate() upgrades an older file, keeps its content, and makes a copy first", async () => {
  await using temp = await tempFile();
  const before = openSqliteStore(temp.file);
  await before.accounts.create("ann", "$hash$", 1);
  await before[Symbol.asyncDispose]();

  await using store = openSqliteStore(temp.file, { migrations: [...MIGRATIONS, LATER] });
  assert.equal((await store.accounts.byName("ann"))?.number, 1);
  assert.equal(inspect(temp.file).version, MIGRATIONS.length + 1);
  const copy = inspect(`${temp.file}.schema-${MIGRATIONS.length}`);
  assert.equal(copy.version, MIGRATIONS.length);
  assert.ok(!copy.columns.includes("motto"));
});

Deno.test("migrate() gives a file of schema 1 rooms, statuses and an index of what it holds", async () => {
  await using temp = await tempFile();
  const old = new DatabaseSync(temp.file);
  MIGRATIONS[0]?.(old);
  old.exec(`
    PRAGMA user_version = 1;
    INSERT INTO accounts (name, password_hash, created_at) VALUES ('ann', '$hash$', 1);
    INSERT INTO conversations (id) VALUES ('room:tech');
    UPDATE conversations SET seq = 1 WHERE id = '${GENERAL}';
    INSERT INTO members (account, conversation) VALUES (1, 1);
    INSERT INTO messages (conversation, seq, sender, ulid, at, kind, body, is_text)
      VALUES (1, 1, 1, '${ulidOf(1)}', 5, 'text', CAST('an apple' AS BLOB), 1);
  `);
  old.close();

  await using store = openSqliteStore(temp.file);
  assert.equal((await store.accounts.byName("ann"))?.status, "normal");
  assert.deepEqual(
    (await store.rooms.list("ann", "rooms")).map(({ conversation }) => conversation),
    [
      GENERAL,
      "room:random",
      "room:tech",
    ],
  );
  await indexAll(store);
  assert.deepEqual((await searchFor(store, "ann", ["apple"])).texts, ["an apple"]);
});

Deno.test("migrate() gives a file of schema 2 a place for files, and keeps what it holds", async () => {
  await using temp = await tempFile();
  makeOlder(
    temp.file,
    2,
    `
    INSERT INTO accounts (name, password_hash, created_at) VALUES ('ann', '$hash$', 1);
    INSERT INTO conversations (id, topic) VALUES ('group:crew', 'Tonight');
    INSERT INTO members (account, conversation) VALUES (1, 4);
  `,
  );

  await using store = openSqliteStore(temp.file);
  assert.equal(inspect(temp.file).version, MIGRATIONS.length);
  assert.equal((await store.rooms.get("group:crew"))?.topic, "Tonight");
  const hash = new Uint8Array(32);
  const file = {
    ...{ file: ulidOf(1), account: "ann", conversation: "group:crew", size: 3, hash },
    ...{ blob: ulidOf(1), complete: true, at: 5 },
  };
  assert.equal(await store.files.add(file), true);
  await store.rooms.delete("group:crew");
  assert.deepEqual(await store.files.expired(1, 1, 10), [ulidOf(1)]);
});

Deno.test("migrate() gives a file of schema 6 an index of its own, which is filled again", async () => {
  await using temp = await tempFile();
  makeOlder(
    temp.file,
    6,
    `
    INSERT INTO accounts (name, password_hash, created_at) VALUES ('ann', '$hash$', 1);
    INSERT INTO members (account, conversation) VALUES (1, 1);
    UPDATE conversations SET seq = 1 WHERE id = '${GENERAL}';
    INSERT INTO messages (conversation, seq, sender, ulid, at, kind, body, is_text)
      VALUES (1, 1, 1, '${ulidOf(1)}', 5, 'text', CAST('an apple' AS BLOB), 1);
    INSERT INTO words (rowid, body) VALUES (1, 'an apple');
    UPDATE word_progress SET indexed = 1;
  `,
  );

  await using store = openSqliteStore(temp.file);
  const apple = async () => (await searchFor(store, "ann", ["apple"])).texts;
  assert.deepEqual(await apple(), ["an apple"]);
  await indexAll(store);
  assert.deepEqual(await apple(), ["an apple"]);
  assert.equal((await store.messages.append([messageOf(2)]))[0]?.seq, 2);
});

Deno.test("migrate() makes no copy of a new file", async () => {
  await using temp = await tempFile();
  await using _store = openSqliteStore(temp.file);
  const names = [...Deno.readDirSync(join(temp.file, ".."))].map(({ name }) => name);
  assert.deepEqual(names.filter((name) => name.includes("schema")), []);
});

Deno.test("migrate() undoes the whole of a step that fails", async () => {
  await using temp = await tempFile();
  await openSqliteStore(temp.file)[Symbol.asyncDispose]();
  assert.throws(
    () => openSqliteStore(temp.file, { migrations: [...MIGRATIONS, LATER, BROKEN] }),
    (error) => error instanceof StoreError && error.code === "migration_failed",
  );
  const { version, columns } = inspect(temp.file);
  assert.equal(version, MIGRATIONS.length + 1);
  assert.ok(columns.includes("motto") && !columns.includes("colour"));
});

Deno.test("migrate() refuses a newer file with both versions, and leaves it as it was", async () => {
  await using temp = await tempFile();
  await openSqliteStore(temp.file, { migrations: [...MIGRATIONS, LATER] })[Symbol.asyncDispose]();
  assert.throws(() => openSqliteStore(temp.file), (error) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.code, "newer_schema");
    assert.match(
      error.message,
      new RegExp(`version ${MIGRATIONS.length + 1}.* ${MIGRATIONS.length}`),
    );
    return true;
  });
  assert.equal(inspect(temp.file).version, MIGRATIONS.length + 1);
});

Deno.test("openSqliteStore() has all that was promised before a kill -9, in order, and whole batches only", async () => {
  await using temp = await tempFile();
  const writer = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("./writer.ts", import.meta.url).pathname, temp.file],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let told = "";
  for await (const text of writer.stdout.pipeThrough(new TextDecoderStream())) {
    const before = told.length;
    told += text;
    if (before < 2_000 && told.length >= 2_000) writer.kill("SIGKILL");
  }
  await writer.status;
  const promised = told.slice(0, told.lastIndexOf("\n")).split("\n").map(Number);

  await using store = openSqliteStore(temp.file);
  const messages = await store.messages.history(GENERAL, 0, 1_000_000);
  assert.ok(promised.length > 100);
  assert.deepEqual(promised, promised.map((_, index) => index + 1));
  assert.ok(messages.length >= promised.length);
  assert.equal(messages.length % 3, 0);
  assert.deepEqual(
    messages.map(({ seq, ulid }) => [seq, ulid]),
    messages.map((_, index) => [index + 1, ulidOf(index + 1)]),
  );
});

Deno.test("migrate() gives a file of schema 3 invitations, and makes no account an admin", async () => {
  await using temp = await tempFile();
  makeOlder(
    temp.file,
    3,
    `
    INSERT INTO accounts (name, password_hash, created_at) VALUES ('ann', '$hash$', 1);
  `,
  );

  await using store = openSqliteStore(temp.file);
  assert.equal(inspect(temp.file).version, MIGRATIONS.length);
  assert.deepEqual(await store.accounts.admins(), []);
  assert.equal(await store.accounts.setAdmin("ann", true), true);
});

Deno.test("migrate() makes messages readable whose kind no client could read", async () => {
  await using temp = await tempFile();
  const old = new DatabaseSync(temp.file);
  for (const step of MIGRATIONS.slice(0, 4)) step(old);
  old.exec(`
    PRAGMA user_version = 4;
    INSERT INTO accounts (name, password_hash, created_at) VALUES ('ann', '$hash$', 1);`);
  const insert = old.prepare(`
    INSERT INTO messages (conversation, seq, sender, ulid, at, kind, body, is_text)
    VALUES (1, ?, 1, ?, 1, ?, x'78', 1)`);
  const kinds = ["text", "\0", "", "a\0b", "No", "x".repeat(17), "poll-2", "file"];
  for (const [index, kind] of kinds.entries()) insert.run(index + 1, ulidOf(index), kind);
  old.close();

  await using store = openSqliteStore(temp.file);
  const messages = await store.messages.history(GENERAL, 0, 100);
  const bad = "unreadable";
  assert.deepEqual(
    messages.map(({ content }) => content.kind),
    ["text", bad, bad, bad, bad, bad, "poll-2", "file"],
  );
});

Deno.test("migrate() takes shared blobs from files of schema 4 that may not share them", async () => {
  await using temp = await tempFile();
  const old = (ulid: number, account: number, blob: number, hash: number, at: number) =>
    `('${ulidOf(ulid)}', ${account}, '${GENERAL}', 3, x'0${hash}', '${ulidOf(blob)}', 1, ${at})`;
  makeOlder(
    temp.file,
    4,
    `
    INSERT INTO accounts (name, password_hash, created_at) VALUES ('ann', '$', 1), ('eve', '$', 1);
    INSERT INTO files (ulid, account, conversation, size, hash, blob, complete, at) VALUES
      ${old(2, 1, 1, 1, 20)}, ${old(3, 1, 1, 1, 30)}, -- twins of a file that has expired
      ${old(1, 2, 1, 1, 40)}, ${old(4, 2, 1, 1, 50)}, -- the same bytes, without having sent them
      ${old(6, 1, 5, 5, 20)}, ${old(5, 2, 5, 6, 40)}, -- other bytes over the twin's
      ${old(8, 1, 7, 7, 20)}, ${old(7, 2, 7, 8, 40)}, -- the same, and not complete
      ${old(9, 2, 9, 9, 40)}, ${old(10, 2, 9, 9, 40)}; -- a file that is incomplete, and no twin
    UPDATE files SET complete = 0 WHERE ulid = '${ulidOf(7)}';
    DELETE FROM files WHERE ulid = '${ulidOf(10)}';
    UPDATE files SET complete = 0 WHERE ulid = '${ulidOf(9)}';
  `,
  );

  await using store = openSqliteStore(temp.file);
  const left: number[] = [];
  for (let number = 1; number <= 10; number++) {
    if (await store.files.get(ulidOf(number)) !== undefined) left.push(number);
  }
  assert.deepEqual(left, [2, 3, 6, 8, 9]);
});

Deno.test("openSqliteStore() can be closed twice at the same time, while something is being stored", async () => {
  await using temp = await tempFile();
  const store = openSqliteStore(temp.file);
  const stored = store.accounts.create("ann", "$hash$", 1);
  await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
  assert.equal((await stored)?.name, "ann");
  await store[Symbol.asyncDispose]();
});

Deno.test("openBesideServer() writes to a database that a server has open, and both see all", async () => {
  await using temp = await tempFile();
  await using server = openSqliteStore(temp.file);
  await server.accounts.create("ann", "$hash$", 1);
  const hash = new Uint8Array(32).fill(7);
  const invite = { hash, uses: 1, madeAt: 1, expiresAt: 100, by: undefined };
  {
    await using beside = openBesideServer(temp.file);
    assert.equal(await beside.invitations.create(invite), 1);
    assert.equal(await beside.accounts.setAdmin("ann", true), true);
  }
  assert.equal(await server.accounts.isAdmin("ann"), true);
  assert.equal(typeof await server.invitations.createAccount("bob", "$hash$", 2, hash), "object");
  await using again = openBesideServer(temp.file);
  assert.equal(await again.invitations.isValid(hash, 2), false);
  // The server still owns it.
  assert.throws(() => openSqliteStore(temp.file), /another server is using it/);
});

Deno.test("openBesideServer() leaves another program's schema alone", async () => {
  await using temp = await tempFile();
  for (const version of [MIGRATIONS.length - 1, MIGRATIONS.length + 1]) {
    const database = new DatabaseSync(temp.file);
    database.exec(`PRAGMA user_version = ${version}`);
    database.close();
    assert.throws(() => openBesideServer(temp.file), (error) => {
      assert.ok(error instanceof StoreError);
      assert.match(error.code, /schema/);
      assert.match(error.message, /Use the program that the server runs on/);
      return true;
    });
    assert.equal(inspect(temp.file).version, version);
  }
});
