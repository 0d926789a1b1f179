import assert from "node:assert/strict";
import type { Destination } from "../../../protocol/destination.ts";
import type { AckEvent, ErrorEvent, NoticeEvent } from "../../../client/events.ts";
import { fixedCredentials } from "../../../client/session/prompts.ts";
import { RETRY_DELAY } from "../../../client/session/refused_error.ts";
import {
  MessageSender,
  type MessageSenderOptions,
  TIMEOUT,
} from "../../../client/program/message_sender.ts";
import { TokenMemory } from "../../../client/session/tokens.ts";
import { pinned } from "../../../client/session/trust.ts";
import { engine } from "../../../protocol/transport/quiche/engine.ts";
import { startTestChat } from "../../helpers/client.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";
import { MemoryEngine } from "../../helpers/memory_engine.ts";
import { ScriptedServer, type ScriptedSession, stateOf } from "../../helpers/scripted_server.ts";
import { startTestServer, type TestServer, type TestServerOptions } from "../../helpers/server.ts";
import { UdpRelay } from "../../helpers/udp_relay.ts";

/** Longer than a client waits for the server when it leaves. Milliseconds. */
const LEAVE_TIMEOUT = 2000;

/** A server behind a network that the test can cut, and a person who listens without it. */
class Scene implements AsyncDisposable {
  readonly server: TestServer;
  readonly relay: UdpRelay;
  readonly clock = new FakeClock(Date.now());
  readonly told: (AckEvent | ErrorEvent | NoticeEvent)[] = [];

  private constructor(server: TestServer) {
    this.server = server;
    this.relay = new UdpRelay({ hostname: "127.0.0.1", port: server.address.port });
  }

  static async make(options: TestServerOptions = {}): Promise<Scene> {
    return new Scene(await startTestServer(options));
  }

  /** Somebody else, who comes without the relay. */
  async person(user: string) {
    const { address, pin } = this.server;
    return await startTestChat({ user, port: address.port, pin });
  }

  sender(
    to: Destination,
    text: string,
    options: Partial<MessageSenderOptions> = {},
  ): MessageSender {
    return new MessageSender({
      engine,
      host: "127.0.0.1",
      port: this.relay.port,
      user: "ops",
      trust: pinned(this.server.pin),
      prompts: fixedCredentials({ user: "ops", password: "pass word" }),
      tokens: new TokenMemory(),
      clock: this.clock,
      client: "test",
      log: undefined,
      to,
      text,
      tell: (event) => this.told.push(event),
      ...options,
    });
  }

  /** Lets hours pass, and the network have its time, until it is over. */
  async over<T>(promise: Promise<T>, step = 100): Promise<T> {
    let isOver = false;
    void promise.finally(() => isOver = true);
    while (!isOver) {
      await this.clock.pass(step);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return await promise;
  }

  /** Calls back in the moment of the first signing in, before anything was said. */
  onSignedIn(callback: () => void): TokenMemory {
    const tokens = new TokenMemory();
    const save = tokens.save.bind(tokens);
    let isFirst = true;
    tokens.save = (...args) => {
      if (isFirst) callback();
      isFirst = false;
      return save(...args);
    };
    return tokens;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.relay[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

Deno.test("MessageSender joins a room, sends one message to it, and leaves", async () => {
  await using scene = await Scene.make();
  await using ann = await scene.person("ann");
  await ann.chat.type("/create builds");
  await ann.event("room");
  const ending = await scene.sender({ conversation: "room:builds" }, "all\ngreen").run();
  assert.equal(ending.code, "left");
  await ann.event("message", { from: "ops", conversation: "room:builds", text: "all\ngreen" });
  assert.deepEqual(scene.told.map(({ event }) => event), ["ack"]);
  assert.equal(scene.clock.waiting, 0, "no timer is left behind");
});

Deno.test("MessageSender sends to each person, and reports those it could not reach", async () => {
  await using scene = await Scene.make();
  await using ann = await scene.person("ann");
  await using bob = await scene.person("bob");
  const people = ["ann", "nobody", "bob", "ops"];
  const ending = await scene.sender({ people }, "hello").run();
  assert.equal(ending.code, "failed");
  await ann.event("message", { conversation: "dm:ann:ops", text: "hello" });
  await bob.event("message", { conversation: "dm:bob:ops", text: "hello" });
  const errors = scene.told.filter(({ event }) => event === "error");
  const codes = errors.map((event) => "code" in event && event.code);
  assert.deepEqual(codes.toSorted(), ["to_self", "unknown_user"]);
  assert.match(JSON.stringify(errors), /dm:nobody:ops/);
  assert.match(JSON.stringify(errors), /dm:ops:ops: That is you/);
});

for (const lost of ["up", "down"] as const) {
  Deno.test(`MessageSender stores a message once when the network breaks ${lost}wards`, async () => {
    await using scene = await Scene.make();
    await using ann = await scene.person("ann");
    const { promise: signedIn, resolve } = Promise.withResolvers<void>();
    const tokens = scene.onSignedIn(() => {
      scene.relay.filter = (datagram, direction) => direction === lost ? undefined : datagram;
      resolve();
    });
    const sender = scene.sender({ conversation: "room:general" }, "hello", { tokens });
    const running = sender.run();
    await signedIn;
    if (lost === "down") await ann.event("message", { text: "hello" });
    await scene.clock.pass(12_000); // Until the silence is taken for a break.
    scene.relay.filter = (datagram) => datagram;
    assert.equal((await scene.over(running)).code, "left");
    // What came after it has come: nothing else was said before.
    await ann.chat.type("and that is all");
    await ann.event("ack", { seq: 2 });
    assert.deepEqual(ann.texts, ["hello"]);
  });
}

/** A sender to a server in memory, which the test plays. */
function makeScripted() {
  const server = new ScriptedServer();
  const clock = new FakeClock();
  const told: string[] = [];
  const sender = new MessageSender({
    engine: server.engine,
    host: "memory",
    port: 1,
    user: "ops",
    trust: pinned(MemoryEngine.pin),
    prompts: fixedCredentials({ user: "ops", password: "pass word" }),
    tokens: new TokenMemory(),
    clock,
    client: "test",
    log: undefined,
    to: { conversation: "room:tech" },
    text: "hello",
    tell: ({ event }) => void told.push(event),
  });
  return { server, clock, told, sender };
}

Deno.test("MessageSender gives up when nothing is acknowledged in time", async () => {
  const { server, clock, told, sender } = makeScripted();
  const running = sender.run();
  const session = await server.session();
  await session.signIn("login", "ops");
  await session.expect("send");
  await clock.pass(TIMEOUT - 1);
  assert.equal(await Promise.race([running, "goes on"]), "goes on");
  await clock.pass(LEAVE_TIMEOUT);
  const ending = await running;
  assert.equal(ending.code, "unsent");
  assert.match(ending.message, /within 30 s.*It may be/);
  assert.deepEqual(told, []);
  assert.equal(clock.waiting, 0, "no timer is left");
});

Deno.test("MessageSender sends again when the server is busy", async () => {
  const { server, clock, told, sender } = makeScripted();
  const running = sender.run();
  const session = await server.session();
  await session.signIn("login", "ops");
  const ulids = new Set<string>();
  for (let attempt = 0; attempt < 3; attempt++) {
    const { id: re, ulid } = await session.expect("send");
    ulids.add(ulid);
    await session.send({ type: "error", re, code: "busy", message: "Busy." });
    await settle();
    await clock.pass(RETRY_DELAY);
  }
  await session.expect("send");
  assert.equal(ulids.size, 1, "it is the same message");
  assert.equal(server.engine.dials, 1, "on the same connection");
  await clock.pass(TIMEOUT + LEAVE_TIMEOUT);
  assert.equal((await running).code, "unsent");
  assert.deepEqual(told, []);
});

Deno.test("MessageSender joins the room on the next session when joining broke off", async () => {
  const { server, clock, told, sender } = makeScripted();
  const running = sender.run();
  /** Answers the next `send` as a server does whose room the account is not in. */
  const refuse = async (session: ScriptedSession) => {
    const { id: re } = await session.expect("send");
    await session.send({ type: "error", re, code: "not_a_member", message: "Join it first." });
  };
  const first = await server.session();
  await first.signIn("login", "ops");
  await refuse(first);
  await first.expect("join");
  server.engine.cut();
  await settle();
  await clock.pass(1000);

  const second = await server.session();
  await second.signIn("resume", "ops");
  await refuse(second);
  const { id: busy } = await second.expect("join");
  await second.send({ type: "error", re: busy, code: "busy", message: "Busy." });
  await settle();
  await clock.pass(1000);
  await refuse(second);
  const { id } = await second.expect("join");
  await second.send({ type: "conversation", re: id, ...stateOf("room:tech") });
  const { id: re, ulid, conversation } = await second.expect("send");
  await second.send({ type: "ack", re, ulid, conversation, seq: 1, at: 1 });
  await second.end();
  assert.equal((await running).code, "left");
  assert.deepEqual(told, ["ack"]);
  assert.equal(clock.waiting, 0, "no timer is left");
});
