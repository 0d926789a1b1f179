/** What a user can do with files, without ports and without real time. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UploadsInMemory } from "../../../client/files/resumable_uploads.ts";
import { DiskFiles } from "../../../client/platform/disk_files.ts";
import { fileOf } from "../../helpers/files.ts";
import { MemoryFiles } from "../../helpers/memory_files.ts";
import { startSocketless } from "../../helpers/socketless.ts";
import { type SocketlessClient, startSocketlessClient } from "../../helpers/socketless_client.ts";
import { tempFolder } from "../../helpers/temp_folder.ts";

const { bytes: BYTES } = fileOf(1, 600_000);

/** Sets the network of a client down once the transfer has come this far. */
function downAfter({ engine, files }: SocketlessClient, bytes: number): void {
  files.onTransfer = (_, offset) => {
    if (offset < bytes) return;
    engine.isDown = true;
    engine.cut();
  };
}

Deno.test("Files sends to several users, to a room, and to users who come later", async () => {
  await using server = await startSocketless();
  await using ann = await startSocketlessClient(server, "ann");
  await using bob = await startSocketlessClient(server, "bob");
  await using cat = await startSocketlessClient(server, "cat");
  ann.files.files.set("plan.pdf", BYTES);
  await ann.client.chat.type("/send bob,cat,zoe,ann plan.pdf");
  assert.match((await ann.client.event("error", { code: "unknown_user" })).message, /\bzoe\b/);
  await ann.client.event("error", { code: "to_self" });
  await bob.client.event("offer", { conversation: "dm:ann:bob" });
  await cat.client.event("offer", { conversation: "dm:ann:cat" });
  assert.equal(ann.client.all("file").length, 2);
  await ann.client.chat.type("/send 0 plan.pdf");
  for (const { client, files } of [bob, cat]) {
    await client.event("offer", { conversation: "room:general" });
    await client.chat.type("/accept 2");
    await client.event("file");
    assert.deepEqual(files.accepted.get("plan.pdf"), BYTES);
  }
  await using dan = await startSocketlessClient(server, "dan");
  await dan.client.chat.type("/history");
  const [shown] = (await dan.client.event("history")).messages;
  assert.deepEqual([shown?.name, shown?.size, shown?.number], ["plan.pdf", BYTES.length, 1]);
  await dan.client.chat.type("/accept 1");
  await dan.client.event("file");
});

Deno.test("Files accepts small files automatically where the user wants that, and never its own", async () => {
  await using server = await startSocketless();
  const accepting = (autoAccept: number) => {
    const store = new MemoryFiles();
    return { store, options: { files: { store, autoAccept } } };
  };
  const anns = accepting(1e9);
  await using ann = await startSocketlessClient(server, "ann", anns.options);
  await using bob = await startSocketlessClient(server, "bob", accepting(1000).options);
  const sizes = [["large", 1001], ["small", 1000], ["empty", 0]] as const;
  for (const [name, size] of sizes) {
    anns.store.files.set(name, BYTES.subarray(0, size));
    await ann.client.chat.type(`/send bob ${name}`);
  }
  await bob.client.event("file", { name: "small" });
  await bob.client.event("file", { name: "empty", size: 0 });
  await bob.client.find("three offers", () => bob.client.all("offer")[2]);
  await bob.client.chat.type("/files");
  const { offers, transfers } = await bob.client.event("files");
  assert.deepEqual(offers.map(({ name }) => name), ["large"]);
  assert.deepEqual(transfers, []);
  // The other device of the same account is offered what this one sent.
  await using other = await startSocketlessClient(server, "ann", accepting(1e9).options);
  await ann.client.chat.type("/send 0 small");
  await other.client.event("offer", { name: "small", from: "ann" });
  await other.client.chat.drain(5000);
  assert.deepEqual(other.client.all("file"), []);
});

Deno.test("Files says what cannot be sent or accepted, and changes nothing", async () => {
  await using folder = await tempFolder();
  await using server = await startSocketless({}, { largest: 1000 });
  const files = { store: new DiskFiles({ home: folder.path }) };
  await using ann = await startSocketlessClient(server, "ann", { files });
  await writeFile(join(folder.path, "large"), BYTES);
  await writeFile(join(folder.path, "small"), BYTES.subarray(0, 10));
  const lines: readonly (readonly [line: string, code: string])[] = [
    [`/send 0 ${folder.path}`, "not_a_file"],
    ["/send 0 /dev/null", "not_a_file"],
    ["/send 0 ~/nothing", "no_file"],
    ["/send nobody ~/small", "unknown_user"],
    ["/send 9 ~/small", "unknown_user"],
    ["/send ann ~/small", "to_self"],
    ["/send group:crew ~/small", "unknown_conversation"],
    ["/send 0 ~/large", "file_too_large"],
    ["/accept", "no_downloads"],
    ["/decline", "unknown_file"],
    ["/decline 7", "unknown_file"],
    ["/cancel", "unknown_file"],
  ];
  for (const [index, [line, code]] of lines.entries()) {
    await ann.client.chat.type(line);
    const error = await ann.client.find(
      `an error for ${line}`,
      () => ann.client.all("error")[index],
    );
    assert.equal(error.code, code, `${line}: ${error.message}`);
    assert.match(error.message, / .*\.$/, "a sentence");
  }
  assert.deepEqual(ann.client.all("sending"), []);
  assert.deepEqual((await readdir(folder.path)).toSorted(), ["large", "small"]);
  await using bob = await startSocketlessClient(server, "bob", { files: {} });
  for (const [line, code] of [["/accept", "no_downloads"], ["/send 0 x", "no_file"]] as const) {
    await bob.client.chat.type(line);
    await bob.client.event("error", { code });
  }
});

Deno.test("Files keeps nothing of a file that the server has changed", async () => {
  await using server = await startSocketless();
  await using ann = await startSocketlessClient(server, "ann");
  await using bob = await startSocketlessClient(server, "bob");
  ann.files.files.set("plan.pdf", BYTES);
  await ann.client.chat.type("/send bob plan.pdf");
  await bob.client.event("offer");
  for (const name of await readdir(server.blobs)) {
    const bytes = await readFile(join(server.blobs, name));
    bytes[7] = (bytes[7] ?? 0) ^ 1;
    await writeFile(join(server.blobs, name), bytes);
  }
  await bob.client.chat.type("/accept");
  const error = await bob.client.event("error");
  assert.equal(error.code, "damaged_file");
  assert.equal(error.id, bob.client.all("offer")[0]?.id);
  await bob.client.chat.drain(5000);
  assert.deepEqual([bob.files.parts.size, bob.files.accepted.size], [0, 0]);
});

Deno.test("Files continues an upload when another client sends the file again, and announces it once", async () => {
  await using server = await startSocketless();
  await using bob = await startSocketlessClient(server, "bob");
  const uploads = new UploadsInMemory();
  const store = new MemoryFiles();
  store.files.set("large", BYTES);
  const files = { store, uploads };
  await using first = await startSocketlessClient(server, "ann", { files });
  downAfter({ ...first, files: store }, 200_000);
  await first.client.chat.type("/send bob large");
  await first.client.event("notice", { code: "reconnecting" });
  assert.equal((await first.client.chat.leave()).code, "unfinished");
  const { id = "", message } = await first.client.event("error", { code: "stopped" });
  assert.equal(message, "large was stopped. /send it again to continue.");
  assert.equal(bob.client.all("offer").length, 0);

  store.onTransfer = () => {};
  await using second = await startSocketlessClient(server, "ann", { files });
  await second.client.chat.type("/send bob large");
  await second.client.event("ack", { id });
  const [start] = second.client.all("progress");
  assert.ok((start?.transferred ?? 0) > 100_000, JSON.stringify(start));
  await bob.client.event("offer", { id });
  // That upload is over: sent once more it is another message, whose bytes the server has.
  await second.client.chat.type("/send bob large");
  const { id: next } = await bob.client.find("a second offer", () => bob.client.all("offer")[1]);
  assert.notEqual(next, id);
  const [again] = second.client.all("progress").filter((event) => event.id === next);
  assert.equal(again?.transferred, BYTES.length);
});

Deno.test("Files continues a download when another client accepts the file", async () => {
  await using server = await startSocketless();
  await using ann = await startSocketlessClient(server, "ann");
  await using first = await startSocketlessClient(server, "bob");
  ann.files.files.set("large", BYTES);
  await ann.client.chat.type("/send bob large");
  const { id } = await first.client.event("offer");
  downAfter(first, 200_000);
  await first.client.chat.type("/accept");
  await first.client.event("notice", { code: "reconnecting" });
  assert.equal((await first.client.chat.leave()).code, "unfinished");
  await first.client.event("error", { code: "stopped", id });

  const store = first.files;
  store.onTransfer = () => {};
  await using second = await startSocketlessClient(server, "bob", { files: { store } });
  await second.client.event("offer", { id });
  await second.client.chat.type("/accept");
  await second.client.event("file", { id });
  const [start] = second.client.all("progress");
  assert.ok((start?.transferred ?? 0) > 100_000, JSON.stringify(start));
  assert.deepEqual(store.accepted.get("large"), BYTES);
  assert.equal(store.parts.size, 0);
});

Deno.test("Files stops a transfer on /cancel, and forgets an offer on /decline", async () => {
  await using server = await startSocketless();
  await using ann = await startSocketlessClient(server, "ann");
  await using bob = await startSocketlessClient(server, "bob");
  ann.files.files.set("large", BYTES);
  await ann.client.chat.type("/send bob large");
  await bob.client.event("offer");
  downAfter(bob, 100_000);
  await bob.client.chat.type("/accept 1");
  await bob.client.event("notice", { code: "reconnecting" });
  await bob.client.chat.type("/accept 1");
  await bob.client.event("error", { code: "under_way" });
  await bob.client.chat.type("/files");
  const { transfers: [listed], offers } = await bob.client.event("files");
  assert.deepEqual([listed?.number, listed?.direction, offers.length], [1, "down", 0]);
  await bob.client.chat.type("/cancel");
  await bob.client.event("error", { code: "stopped" });
  assert.equal(bob.files.parts.size, 1);
  await bob.client.chat.type("/decline 1");
  await bob.client.event("notice", { code: "declined" });
  assert.equal(bob.files.parts.size, 0);
  await bob.client.chat.type("/accept 1");
  await bob.client.event("error", { code: "unknown_file" });
});
