/** Files from one client to another, through a real server, with real disks at both ends. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FileOptions } from "../../../client/files/files.ts";
import { DiskFiles } from "../../../client/platform/disk_files.ts";
import { UploadsInFolder } from "../../../client/platform/uploads_in_folder.ts";
import { type Clock, systemClock } from "../../../protocol/clock.ts";
import { engine as tls } from "../../../protocol/transport/tls/engine.ts";
import { startTestChat, type TestChat, type TestChatOptions } from "../../helpers/client.ts";
import { startTestServer, type TestServer, type TestServerOptions } from "../../helpers/server.ts";
import { UdpRelay } from "../../helpers/udp_relay.ts";

const BYTES = new Uint8Array(randomBytes(300_000));

/** Ten times as impatient as people's: a connection that is gone is noticed in a second or two. */
const HASTY: Clock = {
  now: () => 10 * systemClock.now(),
  time: systemClock.time,
  after: (ms, callback) => systemClock.after(ms / 10, callback),
};

interface PersonOptions extends Omit<FileOptions, "store"> {
  /** A folder; default: the one of the user. */
  readonly downloads?: string;
}

/** A server, and people with a folder each. */
class Scene implements AsyncDisposable {
  readonly server: TestServer;
  readonly folder: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(server: TestServer, folder: string, stack: AsyncDisposableStack) {
    this.server = server;
    this.folder = folder;
    this.#stack = stack;
  }

  static async make(options: TestServerOptions = {}): Promise<Scene> {
    const stack = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir({ prefix: "sotto-files-" });
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    return new Scene(stack.use(await startTestServer(options)), folder, stack);
  }

  async person(
    user: string,
    { downloads = this.downloads(user), ...files }: PersonOptions = {},
    options: Partial<TestChatOptions> = {},
  ): Promise<TestChat> {
    const { address, pin } = this.server;
    const folder = downloads === "none" ? undefined : downloads;
    const chat = await startTestChat({
      user,
      port: address.port,
      pin,
      files: { store: new DiskFiles({ home: this.folder, downloads: folder }), ...files },
      ...options,
    });
    return this.#stack.use(chat);
  }

  downloads(user: string): string {
    return join(this.folder, user);
  }

  /** A file to send. */
  async file(name: string, bytes: Uint8Array = BYTES): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, bytes);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

Deno.test("Files takes a file to somebody who accepts it", async () => {
  await using scene = await Scene.make();
  const ann = await scene.person("ann");
  const bob = await scene.person("bob");
  const path = await scene.file("my plan.pdf");
  await ann.chat.type(`/send @bob ${path}`);
  const sent = await ann.event("file", { direction: "up" });
  const ack = await ann.event("ack", { id: sent.id, conversation: "dm:ann:bob" });
  assert.equal((await ann.event("sending", { id: sent.id })).name, "my plan.pdf");

  const offer = await bob.event("offer");
  const { number, id, seq, from, name, size } = offer;
  assert.deepEqual([number, id, seq, from], [1, sent.id, ack.seq, "ann"]);
  assert.deepEqual([name, size], ["my plan.pdf", BYTES.length]);
  await bob.chat.type("/accept");
  const came = await bob.event("file");
  assert.equal(came.path, join(scene.downloads("bob"), "my plan.pdf"));
  assert.deepEqual(new Uint8Array(await readFile(came.path ?? "")), BYTES);
  for (const person of [ann, bob]) {
    const [first] = person.all("progress");
    assert.deepEqual([first?.id, first?.transferred, first?.rate], [id, 0, 0]);
    assert.deepEqual(person.all("error"), []);
  }
  await bob.chat.type("/files");
  assert.deepEqual((await bob.event("files")).offers, []);
});

Deno.test("Files sends to several, to a room and to those who come later", async () => {
  await using scene = await Scene.make();
  const ann = await scene.person("ann");
  const bob = await scene.person("bob");
  const cat = await scene.person("cat");
  const path = await scene.file("plan.pdf");
  await ann.chat.type(`/send bob,cat,zoe,ann ${path}`);
  assert.match((await ann.event("error", { code: "unknown_user" })).message, /\bzoe\b/);
  await ann.event("error", { code: "to_self" });
  await bob.event("offer", { conversation: "dm:ann:bob" });
  await cat.event("offer", { conversation: "dm:ann:cat" });
  assert.equal(ann.all("file").length, 2);
  await ann.chat.type(`/send 0 ${path}`);
  for (const person of [bob, cat]) {
    await person.event("offer", { conversation: "room:general" });
    await person.chat.type("/accept 2");
    assert.deepEqual(
      new Uint8Array(await readFile((await person.event("file")).path ?? "")),
      BYTES,
    );
  }
  const dan = await scene.person("dan");
  await dan.chat.type("/history");
  const [shown] = (await dan.event("history")).messages;
  assert.deepEqual([shown?.name, shown?.size, shown?.number], ["plan.pdf", BYTES.length, 1]);
  await dan.chat.type("/accept 1");
  await dan.event("file");
});

Deno.test("Files fetches small files by itself where that is wished, and never its own", async () => {
  await using scene = await Scene.make();
  const ann = await scene.person("ann", { autoAccept: 1e9 });
  const bob = await scene.person("bob", { autoAccept: 1000 });
  const small = await scene.file("small", BYTES.subarray(0, 1000));
  const large = await scene.file("large", BYTES.subarray(0, 1001));
  const empty = await scene.file("empty", new Uint8Array());
  for (const path of [large, small, empty]) await ann.chat.type(`/send bob ${path}`);
  await bob.event("file", { name: "small" });
  await bob.event("file", { name: "empty", size: 0 });
  await bob.find("three offers", () => bob.all("offer")[2]);
  await bob.chat.type("/files");
  const { offers, transfers } = await bob.event("files");
  assert.deepEqual(offers.map(({ name }) => name), ["large"]);
  assert.deepEqual(transfers, []);
  // The other device of the same account is offered what this one sent.
  const other = await scene.person("ann", { autoAccept: 1e9, downloads: scene.downloads("ann2") });
  await ann.chat.type(`/send 0 ${small}`);
  await other.event("offer", { name: "small", from: "ann" });
  await other.chat.drain(5000);
  assert.deepEqual(other.all("file"), []);
});

Deno.test("Files says what cannot be sent or fetched, and changes nothing", async () => {
  await using scene = await Scene.make({ maxFile: "1K" });
  const ann = await scene.person("ann", { downloads: "none" });
  await scene.file("large");
  await scene.file("small", BYTES.subarray(0, 10));
  const lines: readonly (readonly [line: string, code: string])[] = [
    [`/send 0 ${scene.folder}`, "not_a_file"],
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
    await ann.chat.type(line);
    const error = await ann.find(`an error for ${line}`, () => ann.all("error")[index]);
    assert.equal(error.code, code, `${line}: ${error.message}`);
    assert.match(error.message, / .*\.$/, "a sentence");
  }
  const bob = await scene.person("bob");
  await bob.chat.type("/accept");
  await bob.event("error", { code: "unknown_file" });
  assert.deepEqual(ann.all("sending"), []);
  assert.deepEqual((await readdir(scene.folder)).toSorted(), ["large", "small"]);
});

Deno.test("Files keeps nothing of a file that the server has changed", async () => {
  await using scene = await Scene.make();
  const ann = await scene.person("ann");
  const bob = await scene.person("bob");
  await ann.chat.type(`/send bob ${await scene.file("plan.pdf")}`);
  await bob.event("offer");
  const blobs = join(scene.server.data, "files");
  for (const name of await readdir(blobs)) {
    const bytes = await readFile(join(blobs, name));
    bytes[7] = (bytes[7] ?? 0) ^ 1;
    await writeFile(join(blobs, name), bytes);
  }
  await bob.chat.type("/accept");
  const error = await bob.event("error");
  assert.equal(error.code, "damaged_file");
  assert.equal(error.id, bob.all("offer")[0]?.id);
  await bob.chat.drain(5000);
  assert.deepEqual(await readdir(scene.downloads("bob")), []);
});

Deno.test("Files goes on where the connection broke, in both directions", async () => {
  await using scene = await Scene.make();
  await using anns = new UdpRelay(scene.server.address);
  await using bobs = new UdpRelay(scene.server.address);
  const ann = await scene.person("ann", {}, { port: anns.port, clock: HASTY });
  const bob = await scene.person("bob", {}, { port: bobs.port, clock: HASTY });
  const bytes = new Uint8Array(randomBytes(8_000_000));
  const path = await scene.file("large", bytes);
  for (const [person, line] of [[ann, `/send bob ${path}`], [bob, "/accept"]] as const) {
    const relay = person === ann ? anns : bobs;
    void cutAfter(relay, person === ann ? "up" : "down", 3_000_000);
    await person.chat.type(line);
    await person.event("notice", { code: "reconnecting" });
    relay.filter = (datagram) => datagram;
    const { id } = await person.event("file", { name: "large" });
    const begun = person.all("progress").filter((event) => event.id === id && event.rate === 0);
    assert.equal(begun[0]?.transferred, 0);
    assert.ok((begun.at(-1)?.transferred ?? 0) > 500_000, JSON.stringify(begun));
    if (person === ann) await bob.event("offer", { id });
  }
  assert.deepEqual(new Uint8Array(await readFile(join(scene.downloads("bob"), "large"))), bytes);
});

Deno.test("Files goes on where a client stopped that sends again, and says it once", async () => {
  await using scene = await Scene.make();
  await using relay = new UdpRelay(scene.server.address);
  const bob = await scene.person("bob");
  const path = await scene.file("large", new Uint8Array(randomBytes(8_000_000)));
  const uploads = new UploadsInFolder(join(scene.folder, "state"));
  const first = await scene.person("ann", { uploads }, { port: relay.port });
  const cut = cutAfter(relay, "up", 3_000_000);
  await first.chat.type(`/send bob ${path}`);
  await cut;
  assert.equal((await first.chat.leave()).code, "unfinished");
  const { id = "", message } = await first.event("error", { code: "stopped" });
  assert.match(message, /^large is not across/);

  const second = await scene.person("ann", { uploads });
  await second.chat.type(`/send bob ${path}`);
  await second.event("ack", { id });
  const [begun] = second.all("progress");
  assert.ok((begun?.transferred ?? 0) > 500_000, JSON.stringify(begun));
  await bob.event("offer", { id });
  // That one is over: sent once more it is another message, whose bytes are there already.
  await second.chat.type(`/send bob ${path}`);
  const offers = await bob.find("a second offer", () => bob.all("offer")[1] && bob.all("offer"));
  assert.notEqual(offers[1]?.id, id);
  assert.equal(second.all("progress").at(-1)?.transferred, 8_000_000);
});

Deno.test("Files goes on where a client stopped that accepts again", async () => {
  await using scene = await Scene.make();
  await using relay = new UdpRelay(scene.server.address);
  const ann = await scene.person("ann");
  const first = await scene.person("bob", {}, { port: relay.port });
  const bytes = new Uint8Array(randomBytes(8_000_000));
  await ann.chat.type(`/send bob ${await scene.file("large", bytes)}`);
  const { id } = await first.event("offer");
  const cut = cutAfter(relay, "down", 3_000_000);
  await first.chat.type("/accept");
  await cut;
  assert.equal((await first.chat.leave()).code, "unfinished");
  await first.event("error", { code: "stopped", id });

  const second = await scene.person("bob");
  await second.chat.type("/accept");
  await second.event("error", { code: "unknown_file" });
  await second.chat.type("/history @ann");
  await second.event("history");
  await second.chat.type("/accept");
  const { path = "" } = await second.event("file", { id });
  const [begun] = second.all("progress");
  assert.ok((begun?.transferred ?? 0) > 500_000, JSON.stringify(begun));
  assert.deepEqual(new Uint8Array(await readFile(path)), bytes);
  assert.deepEqual(await readdir(scene.downloads("bob")), ["large"]);
});

Deno.test("Files stops what is on its way when it is told to, and forgets what is declined", async () => {
  await using scene = await Scene.make();
  await using relay = new UdpRelay(scene.server.address);
  const ann = await scene.person("ann");
  const bob = await scene.person("bob", {}, { port: relay.port });
  await ann.chat.type(`/send bob ${await scene.file("large", new Uint8Array(4_000_000))}`);
  await bob.event("offer");
  const cut = cutAfter(relay, "down", 1_000_000);
  await bob.chat.type("/accept 1");
  await cut;
  await bob.chat.type("/accept 1");
  await bob.event("error", { code: "under_way" });
  await bob.chat.type("/files");
  const { transfers: [listed], offers } = await bob.event("files");
  assert.deepEqual([listed?.number, listed?.direction, offers.length], [1, "down", 0]);
  await bob.chat.type("/cancel");
  await bob.event("error", { code: "stopped" });
  const left = await readdir(scene.downloads("bob"));
  assert.equal(left.length, 1);
  assert.match(left[0] ?? "", /^\.large\..*\.part$/);
  await bob.chat.type("/decline 1");
  await bob.event("notice", { code: "declined" });
  assert.deepEqual(await readdir(scene.downloads("bob")), []);
  await bob.chat.type("/accept 1");
  await bob.event("error", { code: "unknown_file" });
});

Deno.test("Files goes over TLS as well, each on a connection of its own", async () => {
  await using scene = await Scene.make({ tlsPort: 0 });
  const { tlsPort } = scene.server;
  assert.ok(tlsPort !== undefined);
  const through = { port: tlsPort, engine: tls };
  const ann = await scene.person("ann", {}, through);
  const bob = await scene.person("bob", { autoAccept: 1e9 }, through);
  const path = await scene.file("plan.pdf");
  await ann.chat.type(`/send bob ${path}`);
  const { path: written = "" } = await bob.event("file");
  assert.deepEqual(new Uint8Array(await readFile(written)), BYTES);
});

/** Lets so many bytes through from now on, and then nothing in that direction; resolves then. */
function cutAfter(relay: UdpRelay, cut: "up" | "down", bytes: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = bytes;
  relay.filter = (datagram, direction) => {
    if (direction !== cut) return datagram;
    left -= datagram.length;
    if (left > 0) return datagram;
    resolve();
    return undefined;
  };
  return promise;
}
