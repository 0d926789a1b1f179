/**
 * The server is killed with SIGKILL in mid-traffic and started again on the same folder and port:
 * clients come back by themselves, and each acknowledged message is there once and in order.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GENERAL } from "../../protocol/names.ts";
import { openSqliteStore } from "../../server/store/sqlite.ts";
import { startTestChat, type TestChat } from "../helpers/client.ts";
import { HastyClock } from "../helpers/hasty_clock.ts";
import { Program } from "../helpers/program.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
/** How often the server is killed, and how many messages are heard before each time. */
const KILLS = 2;
const BETWEEN = 100;

async function startServer(data: string, engine: string, port = 0) {
  const program = new Program(Deno.execPath(), [
    ...["run", "-A", "--no-check", "--unstable-net", MAIN],
    ...["server", "--host", "127.0.0.1", "--port", String(port), "--data", data],
    ...["--engine", engine],
  ]);
  const ready = await program.line(/^ready /);
  const [, found, pin] = /:(\d+) alpn=sotto\/1 pin=(\S+)$/.exec(ready) ?? [];
  assert.ok(found !== undefined && pin !== undefined, ready);
  return { program, port: Number(found), pin };
}

/** Sends `name 1`, `name 2`… until the signal. Returns how many. */
async function talk({ chat }: TestChat, name: string, enough: AbortSignal): Promise<number> {
  let number = 0;
  while (!enough.aborted) {
    await chat.room();
    await chat.type(`${name} ${++number}`);
    if (number % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return number;
}

for (const engine of ["builtin", "quiche"]) {
  Deno.test(`sotto server (${engine}) loses nothing that it acknowledged before it was killed`, async () => {
    const data = await Deno.makeTempDir({ prefix: "sotto-kill-" });
    await using stack = new AsyncDisposableStack();
    stack.defer(() => Deno.remove(data, { recursive: true }));
    let server = await startServer(data, engine);
    stack.defer(() => server.program[Symbol.asyncDispose]());
    const { port, pin } = server;
    const clock = new HastyClock();
    const [ann, bob, eve] = await Promise.all(
      ["ann", "bob", "eve"].map((user) => startTestChat({ user, port, pin, clock })),
    );
    assert.ok(ann && bob && eve);
    clock.hurry();
    for (const person of [ann, bob, eve]) stack.use(person);

    const enough = new AbortController();
    const talking = [talk(ann, "ann", enough.signal), talk(bob, "bob", enough.signal)];
    const heardMore = async () => {
      const count = eve.texts.length + BETWEEN;
      await eve.find(`${count} messages`, () => eve.texts.length >= count || undefined);
    };
    for (let kill = 0; kill < KILLS; kill++) {
      await heardMore();
      server.program.kill("SIGKILL");
      assert.equal(await server.program.exit(), "SIGKILL");
      server = await startServer(data, engine, port);
    }
    await heardMore();
    enough.abort();
    const [anns = 0, bobs = 0] = await Promise.all(talking);
    await ann.find("all acks", () => ann.all("ack").length >= anns || undefined);
    await bob.find("all acks", () => bob.all("ack").length >= bobs || undefined);
    await eve.find("all messages", () => eve.texts.length >= anns + bobs || undefined);
    server.program.kill("SIGTERM");
    await server.program.exit();
    assert.match(server.program.stderr, / stopped\n$/);

    await using store = openSqliteStore(join(data, "sotto.db"));
    const stored = await store.messages.history(GENERAL, 0, 2 * (anns + bobs));
    const told = stored.map(({ content }) => content.body);
    for (const [person, name, count] of [[ann, "ann", anns], [bob, "bob", bobs]] as const) {
      const said = Array.from({ length: count }, (_, index) => `${name} ${index + 1}`);
      assert.deepEqual(told.filter((text) => String(text).startsWith(name)), said);
      const acks = person.all("ack");
      assert.equal(new Set(acks.map(({ id }) => id)).size, count);
      for (const { id, seq } of acks) assert.equal(stored[seq - 1]?.ulid, id);
    }
    const heard = eve.all("message");
    assert.deepEqual(heard.map(({ seq }) => seq), stored.map(({ seq }) => seq));
    assert.deepEqual(heard.map(({ text }) => text), told);
  });
}
