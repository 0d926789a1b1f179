/**
 * The server is killed with SIGKILL in mid-traffic and started again on the same folder and port:
 * clients come back by themselves, and each acknowledged message is there once and in order.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GENERAL } from "../../protocol/names.ts";
import { type Clock, systemClock } from "../../client/clock.ts";
import { openSqliteStore } from "../../server/store/sqlite.ts";
import { startTestChat, type TestChat } from "../helpers/client.ts";
import { Program } from "../helpers/program.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const EACH = 400;
const KILLED_AT = [100, 400];

/** Ten times as impatient as people's: a server that is gone is noticed in a second or two. */
const HASTY: Clock = {
  now: () => START + 10 * (Date.now() - START),
  after: (ms, callback) => systemClock.after(ms / 10, callback),
};
const START = Date.now();

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

/** Says `name 1`, `name 2`…, as fast as the client takes it. */
async function talk({ chat }: TestChat, name: string): Promise<void> {
  for (let number = 1; number <= EACH; number++) {
    await chat.room();
    if (number % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await chat.type(`${name} ${number}`);
  }
}

for (const engine of ["builtin", "quiche"]) {
  Deno.test(`sotto server (${engine}) loses nothing that it acknowledged when it is killed`, async () => {
    const data = await Deno.makeTempDir({ prefix: "sotto-kill-" });
    await using stack = new AsyncDisposableStack();
    stack.defer(() => Deno.remove(data, { recursive: true }));
    let server = await startServer(data, engine);
    stack.defer(() => server.program[Symbol.asyncDispose]());
    const { port, pin } = server;
    const [ann, bob, eve] = await Promise.all(
      ["ann", "bob", "eve"].map((user) => startTestChat({ user, port, pin, clock: HASTY })),
    );
    assert.ok(ann && bob && eve);
    for (const person of [ann, bob, eve]) stack.use(person);

    const talking = [talk(ann, "ann"), talk(bob, "bob")];
    for (const count of KILLED_AT) {
      await eve.find(`${count} messages`, () => eve.texts.length >= count || undefined);
      assert.ok(ann.all("ack").length < EACH, "The traffic is over already");
      server.program.kill("SIGKILL");
      assert.equal(await server.program.exit(), "SIGKILL");
      server = await startServer(data, engine, port);
    }
    await Promise.all(talking);
    for (const person of [ann, bob]) {
      await person.find("all acks", () => person.all("ack").length >= EACH || undefined);
    }
    await eve.find("all messages", () => eve.texts.length >= 2 * EACH || undefined);
    server.program.kill("SIGTERM");
    await server.program.exit();
    assert.match(server.program.stderr, / stopped\n$/);

    await using store = openSqliteStore(join(data, "sotto.db"));
    const stored = await store.history(GENERAL, 0, 10 * EACH);
    const told = stored.map(({ content }) => content.body);
    for (const [person, name] of [[ann, "ann"], [bob, "bob"]] as const) {
      const said = Array.from({ length: EACH }, (_, index) => `${name} ${index + 1}`);
      assert.deepEqual(told.filter((text) => String(text).startsWith(name)), said);
      const acks = person.all("ack");
      assert.equal(new Set(acks.map(({ id }) => id)).size, EACH);
      for (const { id, seq } of acks) assert.equal(stored[seq - 1]?.ulid, id);
    }
    const heard = eve.all("message");
    assert.deepEqual(heard.map(({ seq }) => seq), stored.map(({ seq }) => seq));
    assert.deepEqual(heard.map(({ text }) => text), told);
  });
}
