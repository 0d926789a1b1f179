import assert from "node:assert/strict";
import type { Ending } from "../../../client/ending.ts";
import type { ChatEvent } from "../../../client/events.ts";
import { fixedCredentials } from "../../../client/session/prompts.ts";
import {
  ReconnectingSession,
  type ReconnectingSessionOptions,
} from "../../../client/session/reconnecting_session.ts";
import { TokenMemory } from "../../../client/session/tokens.ts";
import { pinned } from "../../../client/session/trust.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";
import { MemoryEngine } from "../../helpers/memory_engine.ts";
import { ScriptedServer, stateOf } from "../../helpers/scripted_server.ts";

/** Ann's client, with a server that the test plays. */
class Scene {
  readonly server = new ScriptedServer();
  readonly clock = new FakeClock();
  /** What the session brought and reported, in short. */
  readonly steps: string[] = [];
  readonly session: ReconnectingSession;
  readonly ended: Promise<Ending>;

  constructor(options: Partial<ReconnectingSessionOptions> = {}) {
    this.session = new ReconnectingSession({
      engine: this.server.engine,
      host: "memory",
      port: 1,
      trust: pinned(MemoryEngine.pin),
      prompts: fixedCredentials({ user: "ann", password: "secret" }),
      user: "ann",
      tokens: new TokenMemory(),
      clock: this.clock,
      random: () => 0,
      client: "test",
      log: undefined,
      events: { put: (event) => event !== undefined && this.#report(event) },
      ...options,
    });
    this.ended = this.#run();
  }

  /** The steps since the last look, once nothing more happens by itself. */
  async look(): Promise<string[]> {
    await settle();
    return this.steps.splice(0);
  }

  async #run(): Promise<Ending> {
    const steps = this.session.run();
    while (true) {
      const { done, value } = await steps.next();
      if (done) return value;
      if (value.type === "signed_in") this.steps.push(`signed in as ${value.session.account}`);
      else this.steps.push(value.type === "frame" ? value.frame.type : value.type);
    }
  }

  #report(event: ChatEvent): void {
    if (event.event === "round_trip") return;
    const code = "code" in event ? ` ${event.code}` : "";
    this.steps.push(`(${event.event}${code}${"in" in event ? ` ${event.in}` : ""})`);
  }
}

const SIGNED_IN = [
  ...["(connected)", "(authenticated)", "signed in as ann", "conversations", "users"],
];

Deno.test("ReconnectingSession brings the frames of each session between its sign-in and its end", async () => {
  const scene = new Scene();
  const first = await scene.server.session();
  const { password } = await first.signIn("login", "ann", stateOf());
  assert.equal(password, "secret");
  await first.send({ type: "presence", user: "bob", number: 2, status: "away" });
  assert.deepEqual(await scene.look(), [...SIGNED_IN, "presence"]);
  scene.server.engine.cut();
  assert.deepEqual(await scene.look(), ["lost", "(notice reconnecting 0.1)"]);
  await scene.clock.pass(200);
  const second = await scene.server.session();
  const { token } = await second.signIn("resume", "ann");
  assert.equal(token, "token of ann");
  assert.deepEqual(await scene.look(), SIGNED_IN);
  scene.session.leave();
  await second.end();
  assert.equal((await scene.ended).code, "left");
  assert.deepEqual(await scene.look(), ["lost"]);
});

Deno.test("ReconnectingSession waits longer before each attempt, and half a minute at most", async () => {
  const scene = new Scene();
  await (await scene.server.session()).signIn("login", "ann");
  await scene.look();
  scene.server.engine.isDown = true;
  scene.server.engine.cut();
  await settle();
  await scene.clock.pass(300_000);
  const waits = (await scene.look()).filter((step) => step !== "lost")
    .map((step) => Number(/reconnecting ([\d.]+)/.exec(step)?.[1]));
  assert.deepEqual(waits.slice(0, 8), [0.1, 0.3, 0.5, 1, 2, 4, 8, 15]);
  assert.deepEqual([...new Set(waits.slice(8))], [15]);
  scene.session.leave();
  assert.equal((await scene.ended).code, "left");
});

Deno.test("ReconnectingSession ends when no server answers the first time", async () => {
  const scene = new Scene();
  scene.server.engine.isDown = true;
  const { code, message } = await scene.ended;
  assert.equal(code, "no_connection");
  assert.match(message, /^The network is down\. Check the address/);
  assert.equal(scene.server.engine.dials, 1);
});

Deno.test("ReconnectingSession ends where the next attempt would end the same way", async () => {
  const byes = [["session_revoked", "not_let_in"], ["too_many_attempts", "not_let_in"]] as const;
  for (const [code, ending] of byes) {
    const scene = new Scene();
    const session = await scene.server.session();
    await session.signIn("login", "ann");
    await session.send({ type: "bye", code, message: "Signed out." });
    assert.equal((await scene.ended).code, ending);
    assert.equal(scene.server.engine.dials, 1);
  }
});

Deno.test("ReconnectingSession ends when the server shows another key after a break", async () => {
  const pins = [MemoryEngine.pin, `SHA256:${"A".repeat(43)}`];
  const expected = () => Promise.resolve({ pin: pins.shift() ?? "", source: "", remedy: "" });
  const scene = new Scene({ trust: { expected, meet: () => Promise.resolve(false) } });
  await (await scene.server.session()).signIn("login", "ann");
  await scene.look();
  scene.server.engine.cut();
  await settle();
  await scene.clock.pass(200);
  assert.equal((await scene.ended).code, "key_changed");
});

Deno.test("ReconnectingSession ends when the server refuses the account for good", async () => {
  const scene = new Scene();
  const session = await scene.server.session();
  await session.welcome();
  const { id } = await session.expect("login");
  await session.send({ type: "error", re: id, code: "registration_closed", message: "Closed." });
  await session.end();
  const { code, message } = await scene.ended;
  assert.deepEqual([code, message], ["not_let_in", "Not signed in to memory:1."]);
  assert.deepEqual(await scene.look(), ["(connected)", "(error registration_closed)", "lost"]);
});

Deno.test("ReconnectingSession changes the account on a new connection, at once", async () => {
  const tokens = new TokenMemory();
  const scene = new Scene({ tokens });
  const first = await scene.server.session();
  await first.signIn("login", "ann");
  await scene.look();
  const changed = scene.session.changeAccount({ user: "bob", password: "other" });
  await first.expect("logout");
  await first.end();
  const second = await scene.server.session();
  const { user, password } = await second.signIn("login", "bob");
  assert.deepEqual([user, password], ["bob", "other"]);
  await changed;
  assert.deepEqual((await scene.look()).slice(0, 4), [
    ...["lost", "(connected)", "(authenticated)", "signed in as bob"],
  ]);
  const now = scene.clock.time();
  assert.equal(await tokens.load(MemoryEngine.pin, "ann", now), undefined);
  assert.equal((await tokens.load(MemoryEngine.pin, "bob", now))?.token, "token of bob");
  scene.session.leave();
  await second.end();
  await scene.ended;
});

Deno.test("ReconnectingSession goes on when the server is restarted while it signs in", async () => {
  const scene = new Scene();
  const restart = async () => {
    const { last } = scene.server.engine;
    assert.ok(last !== undefined);
    last.isSilent = true;
    last.seemForgotten();
    await settle();
    await scene.clock.pass(0);
  };
  const first = await scene.server.session();
  await first.expect("hello");
  await restart();
  const second = await scene.server.session();
  await second.welcome();
  await second.expect("login");
  await restart();
  await (await scene.server.session()).signIn("login", "ann");
  const reconnecting = ["lost", "(notice reconnecting 0)"];
  assert.deepEqual(await scene.look(), [
    ...[...reconnecting, "(connected)", ...reconnecting],
    ...SIGNED_IN,
  ]);
  assert.equal(scene.server.engine.dials, 3);
});

Deno.test("ReconnectingSession goes on without a token that cannot be saved", async () => {
  const tokens = new TokenMemory();
  tokens.save = () => Promise.reject(new Error("the disk is full"));
  const scene = new Scene({ tokens });
  const session = await scene.server.session();
  await session.signIn("login", "ann");
  const steps = await scene.look();
  assert.ok(steps.includes("(notice token_not_saved)"), steps.join());
  assert.ok(steps.includes("users"), steps.join());
  scene.session.leave();
  await session.end();
  await scene.ended;
});
