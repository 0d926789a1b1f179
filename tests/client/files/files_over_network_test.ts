/** Files from one client to another over real networks, with real disks at both ends. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FileOptions } from "../../../client/files/files.ts";
import { DiskFiles } from "../../../client/platform/disk_files.ts";
import { Cable } from "../../../examples/demo/cable.ts";
import { engine as quiche } from "../../../protocol/transport/quiche/engine.ts";
import { engine as tls } from "../../../protocol/transport/tls/engine.ts";
import { startTestChat, type TestChat, type TestChatOptions } from "../../helpers/client.ts";
import { startTestServer, type TestServer, type TestServerOptions } from "../../helpers/server.ts";
import { UdpRelay } from "../../helpers/udp_relay.ts";

const BYTES = new Uint8Array(randomBytes(300_000));

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

Deno.test("Files sends a file to a user who accepts it", async () => {
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

Deno.test("Files continues where the connection broke, in both directions", async () => {
  await using scene = await Scene.make();
  const bytes = new Uint8Array(randomBytes(8_000_000));
  const path = await scene.file("large", bytes);
  await using anns = new UdpRelay(scene.server.address);
  await using bobs = new UdpRelay(scene.server.address);
  const annsCable = new Cable(quiche);
  const bobsCable = new Cable(quiche);
  const ann = await scene.person("ann", {}, { port: anns.port, engine: annsCable.engine });
  const bob = await scene.person("bob", {}, { port: bobs.port, engine: bobsCable.engine });

  onTraffic(anns, "up", 3_000_000, () => breakOnce(annsCable));
  await ann.chat.type(`/send bob ${path}`);
  await checkContinued(ann);
  await bob.event("offer");
  onTraffic(bobs, "down", 3_000_000, () => breakOnce(bobsCable));
  await bob.chat.type("/accept");
  await checkContinued(bob);
  assert.deepEqual(new Uint8Array(await readFile(join(scene.downloads("bob"), "large"))), bytes);
});

/** The transfer broke off in the middle, and came to its end from there. */
async function checkContinued(person: TestChat): Promise<void> {
  await person.event("notice", { code: "reconnecting" });
  const { id } = await person.event("file", { name: "large" });
  const starts = person.all("progress").filter((event) => event.id === id && event.rate === 0);
  assert.equal(starts[0]?.transferred, 0);
  assert.ok((starts.at(-1)?.transferred ?? 0) > 500_000, JSON.stringify(starts));
}

Deno.test("Files transfers files over TLS, each on a connection of its own", async () => {
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

function breakOnce(cable: Cable): void {
  cable.pull();
  cable.plugIn();
}

/** Calls back once so many more bytes have passed in one direction. */
function onTraffic(
  relay: UdpRelay,
  counted: "up" | "down",
  bytes: number,
  callback: () => void,
): void {
  let left = bytes;
  relay.filter = (datagram, direction) => {
    if (direction === counted && left > 0) {
      left -= datagram.length;
      if (left <= 0) callback();
    }
    return datagram;
  };
}
