/** Sessions that break at every step: the client comes back, and nothing is lost or doubled. */
import assert from "node:assert/strict";
import { fixedCredentials } from "../../client/session/prompts.ts";
import { TokenMemory } from "../../client/session/tokens.ts";
import { dmOf } from "../../protocol/names.ts";
import type { DialOptions, Stream } from "../../protocol/transport/transport.ts";
import { TestChat } from "../helpers/client.ts";
import { MemoryEngine } from "../helpers/memory_engine.ts";
import { ulidOf } from "../helpers/messages.ts";
import type { TestPeer } from "../helpers/peer.ts";
import { startSocketless } from "../helpers/socketless.ts";

type Server = Awaited<ReturnType<typeof startSocketless>>;

const PASSWORD = "pass word";
const NO_PROMPTS = fixedCredentials({ user: "", password: "" });
/** Reads and writes of one connection, more than a whole session of the tests here takes. */
const STEPS = 60;
/** Bytes of one read. */
const PIECE = 100;

/** Breaks its second connection after so many reads and writes of the client. */
class BreakingEngine extends MemoryEngine {
  readonly #steps: number;
  /** Reads and writes of the second connection. */
  #taken = 0;

  constructor(server: Server, steps: number) {
    super(server.serve);
    this.#steps = steps;
  }

  override async dial(options: DialOptions) {
    const connection = await super.dial(options);
    if (this.dials !== 2) return connection;
    const open = connection.openStream.bind(connection);
    connection.openStream = async () => this.#count(await open());
    return connection;
  }

  /** The stream, read in pieces that end anywhere in a frame. */
  #count(stream: Stream): Stream {
    const { read, write } = stream;
    let rest: Uint8Array = new Uint8Array();
    stream.read = async () => {
      this.#step();
      if (rest.length === 0 || this.isBroken) {
        const chunk = await read.call(stream);
        if (chunk === null) return null;
        rest = chunk;
      }
      const piece = rest.subarray(0, PIECE);
      rest = rest.subarray(PIECE);
      return piece;
    };
    stream.write = (chunk) => {
      this.#step();
      return write.call(stream, chunk);
    };
    return stream;
  }

  get isBroken(): boolean {
    return this.#taken >= this.#steps;
  }

  #step(): void {
    if (++this.#taken === this.#steps) this.cut();
  }
}

/** Sends a message from bob to the account for each number from `first` to `last`. */
async function say(bob: TestPeer, to: string, first: number, last: number, seed: number) {
  for (let number = first; number <= last; number++) {
    await bob.say(dmOf(to, "bob"), ulidOf(seed * 100 + number), `from bob ${number}`);
    await bob.next("ack");
  }
}

/** The waits before the next attempt that the client has reported. */
function retriesOf(client: TestChat): number[] {
  return client.all("notice").filter(({ code }) => code === "reconnecting")
    .map(({ in: seconds = 0 }) => seconds * 1000);
}

/**
 * Waits until `isDone`; lets time pass when the client waits before it dials again. Returns how many
 * of these waits are over.
 */
async function passRetries(
  server: Server,
  client: TestChat,
  handled: number,
  isDone: () => boolean,
) {
  while (true) {
    const retries = await client.find("the end, or a further break", () => {
      const retries = retriesOf(client);
      return isDone() || retries.length > handled ? retries : undefined;
    });
    if (retries.length === handled) return handled;
    handled = retries.length;
    await server.pass((retries.at(-1) ?? 0) + 100);
  }
}

/**
 * A client whose first connection breaks, and whose second breaks at this step, while messages go
 * both ways. Returns whether the second broke before everything had arrived.
 */
async function runWithBreak(server: Server, bob: TestPeer, steps: number): Promise<boolean> {
  const user = `ann${steps}`;
  const conversation = dmOf(user, "bob");
  const engine = new BreakingEngine(server, steps);
  const tokens = new TokenMemory();
  // Every other client comes back with its password.
  if (steps % 2 === 0) tokens.load = () => Promise.resolve(undefined);
  const prompts = {
    ...NO_PROMPTS,
    credentials: () => Promise.resolve({ user, password: PASSWORD }),
  };
  const { clock } = server;
  const { pin } = MemoryEngine;
  await using client = new TestChat({
    ...{ user, engine, pin, clock, tokens, prompts, host: "memory", port: 1 },
  });
  await client.event("authenticated");
  await say(bob, user, 1, 2, steps);
  await client.find("both messages", () => client.texts[1]);
  engine.cut();
  await client.event("notice", { code: "reconnecting" });
  await say(bob, user, 3, 5, steps);
  for (const number of [1, 2, 3]) await client.chat.type(`/msg bob to bob ${number}`);
  const handled = await passRetries(server, client, 0, () => client.texts.length >= 5);
  await say(bob, user, 6, 6, steps);
  const isAcross = () => client.texts.length >= 6 && client.all("ack").length >= 3;
  await passRetries(server, client, handled, isAcross);
  const isEarly = engine.isBroken;

  assert.deepEqual(client.texts, [1, 2, 3, 4, 5, 6].map((number) => `from bob ${number}`));
  const ids = client.all("sending").map(({ id }) => id);
  assert.deepEqual(client.all("ack").map(({ id }) => id), ids);
  const stored = await server.store.messages.history(conversation, 0, 100);
  const own = stored.filter(({ from }) => from === user).map(({ content }) => content.body);
  assert.deepEqual(own, ["to bob 1", "to bob 2", "to bob 3"]);
  assert.equal(stored.length, 9);
  assert.equal(client.all("error").length, 0);
  return isEarly;
}

Deno.test("Chat loses and doubles nothing, whichever step of coming back breaks", async () => {
  await using server = await startSocketless();
  const bob = await server.signIn("bob");
  let breaks = 0;
  for (let steps = 1; steps <= STEPS; steps++) {
    if (await runWithBreak(server, bob, steps)) breaks++;
  }
  assert.ok(breaks > 20 && breaks < STEPS, `${breaks} breaks: from the first step to the last`);
});
