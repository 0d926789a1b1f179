/**
 * Files when the process dies between any two steps, and with what earlier versions left behind. Rows
 * and blobs are real; a process that has died does nothing more, not even tidy up.
 */
import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GENERAL } from "../../../protocol/names.ts";
import { Files } from "../../../server/services/files.ts";
import type { SignedInSession } from "../../../server/services/signed_in_session.ts";
import { type Blobs, DiskBlobs } from "../../../server/store/blobs.ts";
import { StoreError } from "../../../server/store/error.ts";
import type { FileStore } from "../../../server/store/files.ts";
import { openSqliteStore } from "../../../server/store/sqlite.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";
import { fileOf, hashOf, type TestFile } from "../../helpers/files.ts";
import { ulidOf } from "../../helpers/messages.ts";
import { makeOlder } from "../../helpers/older_database.ts";
import { inFolder } from "../../helpers/temp_folder.ts";
import { tempStore } from "../../helpers/temp_store.ts";
import { TestSession } from "../../helpers/test_session.ts";

const KEEP = 1_000_000;
const ANN = new TestSession("ann");
const STREAM = { abandon: () => {} };

function open(
  store: FileStore,
  blobs: Blobs,
  clock = new FakeClock(),
  random?: (length: number) => Uint8Array,
): Files {
  return new Files({
    store,
    blobs,
    conversations: { accessError: () => Promise.resolve(undefined) },
    clock,
    random,
    limits: {
      ...{ largest: 1e6, quota: 1e6, count: 100, spare: 0 },
      ...{ transfers: 9, slowBytes: 1, slowTime: 1 },
      ...{ keep: KEEP, keepPart: KEEP },
    },
  });
}

/** Uploads a file. Returns from where it went on. */
async function send(files: Files, file: TestFile, by: SignedInSession = ANN): Promise<number> {
  const { conversation, hash, bytes } = file;
  const request = { file: file.file, conversation, hash, size: bytes.length };
  await using incoming = await files.startUpload(by, { type: "upload", id: 1, ...request }, STREAM);
  const offset = incoming.length;
  await incoming.append(bytes.subarray(offset));
  await files.complete(by, incoming);
  return offset;
}

async function fetch(files: Files, file: string): Promise<Uint8Array> {
  await using reader = await files.openDownload(
    ANN,
    { type: "download", id: 1, file, offset: 0 },
    STREAM,
  );
  const chunks: number[] = [];
  for await (const chunk of reader.chunks()) chunks.push(...chunk);
  return Uint8Array.from(chunks);
}

/** A process that dies before its step of this number. */
class Mortal {
  #steps = 0;
  readonly #last: number;

  constructor(last: number) {
    this.#last = last;
  }

  get hasDied(): boolean {
    return this.#steps > this.#last;
  }

  /** The same, and each call of its methods is a step. */
  wrap<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          if (this.#steps++ >= this.#last) throw new Error("The process has died");
          const result: unknown = await Reflect.apply(value, target, args);
          const isWriter = typeof result === "object" && result !== null && "append" in result;
          return isWriter ? this.wrap(result) : result;
        };
      },
    });
  }
}

/** Uploads, shares, resumes, is given wrong bytes, and lets everything expire. */
async function live(files: Files, clock: FakeClock): Promise<void> {
  const first = fileOf(1, 100);
  await send(files, first);
  await send(files, { ...first, file: ulidOf(2) });
  await assert.rejects(send(files, { ...fileOf(3, 100), hash: first.hash.toReversed() }));
  clock.set(clock.time() + KEEP + 1);
  await send(files, fileOf(4, 100));
  await files.removeExpired(10);
  clock.set(clock.time() + KEEP + 1);
  await files.removeExpired(10);
}

Deno.test("Files leaves no file without its blob when the process dies, and the next start removes blobs without a file", async () => {
  await inFolder(async (folder) => {
    const template = join(folder, "template.db");
    await using made = openSqliteStore(template);
    await made.accounts.create("ann", "$hash$", 1);
    await made[Symbol.asyncDispose]();
    let last = 0;
    for (; last < 200; last++) {
      const place = join(folder, String(last));
      await mkdir(join(place, "files"), { recursive: true });
      await copyFile(template, join(place, "sotto.db"));
      if (!await dieAt(last, place)) break;
    }
    assert.ok(last > 30 && last < 200, `${last} steps`);
  });
});

/** Returns whether the process died, and did not come to its end before. */
async function dieAt(last: number, place: string): Promise<boolean> {
  // Nothing is lost but the process: the disk need not be waited for.
  const syncFile = (_: number, done: (error: null) => void) => done(null);
  await using database = openSqliteStore(join(place, "sotto.db"), { syncFile });
  const store = database.files;
  const folder = join(place, "files");
  const clock = new FakeClock();
  const blobs = new DiskBlobs(folder);
  const mortal = new Mortal(last);
  await live(open(mortal.wrap(store), mortal.wrap(blobs), clock), clock).catch(() => {});

  const files = open(store, blobs, clock);
  const rows = await Promise.all([1, 2, 3, 4].map((number) => store.get(ulidOf(number))));
  const named = new Set(rows.flatMap((row) => row === undefined ? [] : [row.blob]));
  const there = new Set(await readdir(folder));
  for (const blob of named) assert.ok(there.has(blob), `a file without its blob: step ${last}`);
  await files.removeOrphans();
  assert.deepEqual((await readdir(folder)).sort(), [...named].sort(), `step ${last}`);
  for (const number of [1, 2, 4]) {
    const file = { ...fileOf(number === 2 ? 1 : number, 100), file: ulidOf(number) };
    await send(files, file);
    assert.deepEqual(await fetch(files, file.file), file.bytes, `step ${last}`);
  }
  return mortal.hasDied;
}

Deno.test("Files makes a blob only where there is none, whatever name it draws", async () => {
  await using temp = await tempStore("ann");
  await inFolder(async (folder) => {
    const random = (length: number) => new Uint8Array(length);
    const files = open(temp.store.files, new DiskBlobs(folder), undefined, random);
    await send(files, fileOf(1, 100));
    await assert.rejects(send(files, fileOf(2, 50)), { code: "EEXIST" });
    assert.equal(await temp.store.files.get(ulidOf(2)), undefined);
    assert.deepEqual(await fetch(files, ulidOf(1)), fileOf(1, 100).bytes);
  });
});

Deno.test("Files keeps a blob whose row may be there although adding it failed", async () => {
  await using temp = await tempStore("ann");
  await inFolder(async (folder) => {
    const blobs = new DiskBlobs(folder);
    const store = temp.store.files;
    const adds = (add: FileStore["add"]): FileStore =>
      new Proxy(store, {
        get: (_, key) => {
          const value: unknown = key === "add" ? add : Reflect.get(store, key);
          return typeof value === "function" ? value.bind(store) : value;
        },
      });
    // Committed, and then the disk reports an error.
    const unsynced = adds(async (row) => {
      await store.add(row);
      throw new StoreError("unwritable", "EIO");
    });
    await assert.rejects(send(open(unsynced, blobs), fileOf(1, 100)), { code: "unwritable" });
    assert.deepEqual(await readdir(folder), [(await store.get(ulidOf(1)))?.blob]);
    assert.equal(await send(open(store, blobs), fileOf(1, 100)), 0);
    // Not committed.
    const full = adds(() => Promise.reject(new StoreError("disk_full", "The disk is full")));
    await assert.rejects(send(open(full, blobs), fileOf(2, 100)), { code: "disk_full" });
    assert.equal((await readdir(folder)).length, 1);
  });
});

Deno.test("Files goes on with the files and blobs of an earlier version", async () => {
  await inFolder(async (folder) => {
    const database = join(folder, "sotto.db");
    const [whole, begun, lost] = [fileOf(1, 100), fileOf(3, 100), fileOf(4, 100)];
    const row = ({ file, hash }: TestFile, ulid: string, complete: number) =>
      `('${ulid}', 1, '${GENERAL}', 100, x'${hash.toHex()}', '${file}', ${complete}, 1)`;
    makeOlder(
      database,
      4,
      `
      INSERT INTO accounts (name, password_hash, created_at) VALUES ('ann', '$', 1), ('eve', '$', 1);
      INSERT INTO files (ulid, account, conversation, size, hash, blob, complete, at) VALUES
        ${row(whole, ulidOf(2), 1)}, -- a twin of a file that has expired
        ${row(begun, begun.file, 0)}, ${row(lost, lost.file, 0)};
    `,
    );
    const names = join(folder, "files");
    await mkdir(names);
    await writeFile(join(names, whole.file), whole.bytes);
    await writeFile(join(names, begun.file), begun.bytes.subarray(0, 40));
    await writeFile(join(names, ulidOf(9)), "left by a crash");

    await using store = openSqliteStore(database);
    const clock = new FakeClock(KEEP);
    const files = open(store.files, new DiskBlobs(names), clock);
    await files.removeOrphans();
    assert.deepEqual((await readdir(names)).sort(), [whole.file, begun.file].sort());
    assert.deepEqual(await fetch(files, ulidOf(2)), whole.bytes);
    assert.equal(await send(files, begun), 40);
    assert.equal(await send(files, lost), 0);
    // The name of a blob is free as a file's ID, and names nothing.
    assert.equal(await send(files, whole, new TestSession("eve", 2)), 0);
    for (
      const [id, { bytes }] of [[ulidOf(2), whole], [begun.file, begun], [lost.file, lost]] as const
    ) {
      assert.deepEqual(hashOf(await fetch(files, id)), hashOf(bytes));
    }
    clock.set(3 * KEEP);
    await files.removeExpired(10);
    assert.deepEqual(await readdir(names), []);
  });
});
