import assert from "node:assert/strict";
import { startTestChat, type TestChat } from "../../helpers/client.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";
import { ScriptedChat } from "../../helpers/scripted_chat.ts";
import { stateOf } from "../../helpers/scripted_server.ts";
import { startTestServer, type TestServer } from "../../helpers/server.ts";
import { UdpRelay } from "../../helpers/udp_relay.ts";

const PING = 15_000;
const PATIENCE = 5000;

/** A client whose clock the test controls, behind a network that the test can cut. */
class Scene implements AsyncDisposable {
  readonly server: TestServer;
  readonly relay: UdpRelay;
  readonly log: string[] = [];
  readonly clock = new FakeClock(Date.now());

  private constructor(server: TestServer, relay: UdpRelay) {
    this.server = server;
    this.relay = relay;
  }

  static async make(): Promise<Scene> {
    const server = await startTestServer();
    return new Scene(server, new UdpRelay({ hostname: "127.0.0.1", port: server.address.port }));
  }

  async signIn(): Promise<TestChat> {
    return await startTestChat({
      user: "ann",
      port: this.relay.port,
      pin: this.server.pin,
      clock: this.clock,
      log: (event, fields) => this.log.push(`${event} ${JSON.stringify(fields)}`),
    });
  }

  cut(): void {
    this.relay.filter = () => undefined;
  }

  mend(): void {
    this.relay.filter = (datagram) => datagram;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.relay[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

Deno.test("SessionConnection measures round trips and stays while the server answers", async () => {
  await using scene = await Scene.make();
  await using ann = await scene.signIn();
  for (let round = 0; round < 3; round++) {
    const before = scene.log.length;
    await scene.clock.pass(PING);
    await ann.chat.type("a sign of life");
    await ann.find("its ack", () => ann.all("ack")[round]);
    assert.match(scene.log.slice(before).join("\n"), /round_trip/);
  }
  await scene.clock.pass(PATIENCE);
  assert.equal(ann.all("notice").length, 0);
});

Deno.test("SessionConnection is not affected when the machine's clock is set", async () => {
  await using scene = await Scene.make();
  await using ann = await scene.signIn();
  for (const [index, step] of [60_000, -120_000].entries()) {
    scene.clock.set(scene.clock.time() + step);
    await scene.clock.pass(1);
    await ann.chat.type("still here");
    await ann.event("ack", { seq: index + 1 });
  }
  assert.equal(ann.all("notice").length, 0);
});

Deno.test("SessionConnection stays with a server that is slow, or cannot be reached now", async () => {
  await using script = new ScriptedChat();
  const { client, clock, engine } = script;
  const session = await script.signIn();
  const first = engine.last ?? assert.fail();
  for (const isDown of [false, true]) {
    engine.isDown = isDown;
    first.isSilent = isDown;
    first.seemForgotten();
    const { id: re } = await session.expect("ping");
    await settle();
    await clock.pass(1_000);
    await session.send({ type: "pong", re });
    await settle();
  }
  assert.equal(engine.dials, 3, "it has dialled each time");
  assert.equal(client.all("notice").length, 0);
});

Deno.test("SessionConnection goes on with another connection to a server that was restarted", async () => {
  await using script = new ScriptedChat();
  const { client, clock, engine } = script;
  const old = await script.signIn();
  await client.chat.type("said to the old one");
  const { ulid } = await old.expect("send");
  const first = engine.last ?? assert.fail();
  first.isSilent = true;
  first.seemForgotten();
  await settle();
  await clock.pass(0);
  const session = await script.session();
  await session.signIn("resume", "ann", stateOf());
  assert.equal(engine.dials, 2, "the connection by which it was checked is the next one");
  const again = await session.expect("send");
  assert.equal(again.ulid, ulid);
  await client.event("connected", { resumed: true });
});

Deno.test("SessionConnection goes on from another port when the server falls silent", async () => {
  await using scene = await Scene.make();
  await using ann = await scene.signIn();
  scene.cut();
  await scene.clock.pass(PING);
  await scene.clock.pass(PATIENCE);
  scene.mend();
  await ann.chat.type("still here");
  await ann.event("ack", { seq: 1 });
  await scene.clock.pass(PATIENCE);
  assert.ok(scene.log.includes('rebind {"done":true}'));
  assert.equal(scene.relay.upstreamPorts.length, 2, "it came from two ports");
  assert.equal(ann.all("authenticated").length, 1);
  assert.equal(ann.all("notice").length, 0);
});

Deno.test("SessionConnection gives up a server that stays silent, and Chat reconnects", async () => {
  await using scene = await Scene.make();
  await using ann = await scene.signIn();
  scene.cut();
  await ann.chat.type("said into the silence");
  await scene.clock.pass(PING);
  await scene.clock.pass(PATIENCE);
  await scene.clock.pass(PATIENCE);
  await ann.event("notice", { code: "reconnecting" });
  scene.mend();
  await scene.clock.pass(1000);
  await ann.event("connected", { resumed: true });
  await ann.event("ack", { seq: 1 });
});
