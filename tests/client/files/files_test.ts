/** Files from one client to another, through a real server, with real disks at both ends. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FileOptions } from "../../../client/files/files.ts";
import { startTestChat, type TestChat, type TestChatOptions } from "../../helpers/client.ts";
import { startTestServer, type TestServer, type TestServerOptions } from "../../helpers/server.ts";

const BYTES = new Uint8Array(randomBytes(300_000));

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
    files: FileOptions = {},
    options: Partial<TestChatOptions> = {},
  ): Promise<TestChat> {
    const { address, pin } = this.server;
    const downloads = this.downloads(user);
    const chat = await startTestChat({
      user,
      port: address.port,
      pin,
      files: { downloads, home: this.folder, ...files },
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
