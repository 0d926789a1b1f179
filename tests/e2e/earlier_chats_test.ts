/**
 * Sotto replaces five earlier chats. These tests type the commands of those chats into Sotto, and
 * check that each does the same here.
 */
import assert from "node:assert/strict";
import { Sandbox, type ServerProgram, SOTTO } from "../helpers/sandbox.ts";
import type { Program } from "../helpers/program.ts";
import { hasTerminal, Terminal } from "../helpers/terminal.ts";

const ignore = !hasTerminal();
if (ignore) {
  console.warn("Skipped: signing in as in earlier chats needs tmux (apt-get install tmux).");
}

/** A user types a line, and then a user gets an event. */
type Row = readonly [
  user: Name,
  line: string,
  receiver: Name,
  event: Readonly<Record<string, unknown>>,
];
type Name = "alice" | "bob" | "cam";

class Users {
  readonly #programs: Readonly<Record<Name, Program>>;

  private constructor(programs: Readonly<Record<Name, Program>>) {
    this.#programs = programs;
  }

  /** Three users of one server, with the numbers 1, 2 and 3. */
  static async signIn(sandbox: Sandbox, server: ServerProgram): Promise<Users> {
    const alice = await sandbox.signIn("alice", server);
    const bob = await sandbox.signIn("bob", server);
    const cam = await sandbox.signIn("cam", server);
    return new Users({ alice, bob, cam });
  }

  async play(rows: readonly Row[]): Promise<void> {
    for (const [user, line, receiver, event] of rows) {
      this.#programs[user].writeLine(line);
      await this.#programs[receiver].event(event);
    }
  }

  async quit(user: Name, line: string): Promise<void> {
    this.#programs[user].writeLine(line);
    assert.equal(await this.#programs[user].exit(), 0);
  }
}

Deno.test("sotto client: does what the QUIC chat of Python and JWT did", async () => {
  await using sandbox = await Sandbox.make();
  const users = await Users.signIn(sandbox, await sandbox.server());
  await users.play([
    ["alice", "hello", "bob", { event: "message", conversation: "room:general", text: "hello" }],
    ["alice", "@bob hi", "bob", { event: "message", conversation: "dm:alice:bob", text: "hi" }],
  ]);
  await users.quit("cam", "exit");
  await users.play([
    ["alice", "@names", "bob", { event: "presence", user: "cam", status: "offline" }],
  ]);
});

Deno.test("sotto client: does what the encrypted chat over TCP did", async () => {
  await using sandbox = await Sandbox.make();
  const users = await Users.signIn(sandbox, await sandbox.server());
  await users.play([
    ["alice", "@names", "alice", { event: "users" }],
    ["alice", "@status", "alice", { event: "status", status: "normal" }],
    ["bob", "@status dnd", "alice", { event: "presence", user: "bob", status: "dnd" }],
    ["alice", "@bob psst", "alice", { event: "notice", code: "dnd" }],
    ["bob", "@status normal", "bob", { event: "message", from: "alice", text: "psst" }],
    ["bob", "@status away", "alice", { event: "presence", user: "bob", status: "away" }],
    ["alice", "@bob there?", "alice", { event: "notice", code: "away" }],
    ["alice", "@secret bob k3y the plan", "bob", { event: "sealed", from: "alice" }],
    ["bob", "/open 1 wrong", "bob", { event: "error", code: "wrong_passphrase" }],
    ["bob", "/open 1 k3y", "bob", { event: "opened", text: "the plan" }],
    ["alice", "@group set crew bob,cam", "cam", { event: "changed", change: "created" }],
    ["alice", "@group send crew us", "cam", {
      event: "message",
      conversation: "group:crew",
      text: "us",
    }],
    ["bob", "@group leave crew", "alice", { event: "changed", change: "left", by: "bob" }],
    ["alice", "@group delete crew", "cam", { event: "changed", change: "deleted", by: "alice" }],
  ]);
  await users.quit("cam", "@quit");
  await users.play([
    ["alice", "@names", "bob", { event: "presence", user: "cam", status: "offline" }],
  ]);
});

Deno.test("sotto client: does what the QUIC chat with numbers did", async () => {
  await using sandbox = await Sandbox.make();
  const users = await Users.signIn(sandbox, await sandbox.server());
  await users.play([
    ["alice", "0: Good morning", "cam", { event: "message", text: "Good morning" }],
    ["bob", "1: Hi Alice", "alice", { event: "message", from: "bob", text: "Hi Alice" }],
    ["bob", "1,3: Meeting at 3 PM", "cam", { event: "message", text: "Meeting at 3 PM" }],
    ["alice", "9: anybody?", "alice", { event: "error", code: "unknown_user" }],
  ]);
  await users.quit("cam", "logout");
  await users.play([
    ["alice", "2,3: in time?", "bob", { event: "message", text: "in time?" }],
    ["alice", "3: hello?", "alice", { event: "notice", code: "offline" }],
  ]);
});

Deno.test("sotto client: does what the chat over TCP, UDP, TLS and multicast did", async () => {
  await using sandbox = await Sandbox.make();
  const users = await Users.signIn(sandbox, await sandbox.server());
  await users.play([
    ["alice", "/users", "alice", { event: "users" }],
    ["alice", "/msg bob Hello Bob!", "bob", { event: "message", text: "Hello Bob!" }],
    ["alice", "/rooms", "alice", { event: "rooms" }],
    ["bob", "/join tech", "bob", { event: "room", conversation: "room:tech" }],
    ["alice", "/join tech", "bob", { event: "changed", change: "joined", by: "alice" }],
    ["alice", "/room_msg Hello everyone!", "bob", {
      event: "message",
      conversation: "room:tech",
      text: "Hello everyone!",
    }],
    ["alice", "/leave", "bob", { event: "changed", change: "left", by: "alice" }],
  ]);
  await users.quit("alice", "quit");
  await users.quit("bob", "logout");
});

Deno.test("sotto client: does what the chat of two over TLS did", async () => {
  await using sandbox = await Sandbox.make();
  const users = await Users.signIn(sandbox, await sandbox.server());
  await users.play([
    ["alice", "a first line", "bob", { event: "message", from: "alice", text: "a first line" }],
    ["bob", "and an answer", "alice", { event: "message", from: "bob", text: "and an answer" }],
  ]);
  await users.quit("alice", "exit");
});

/** A client in a terminal, started without a user name. */
function startAnonymous(sandbox: Sandbox, { port, pin }: ServerProgram): Terminal {
  const command = [...SOTTO, "client", "--plain", "--pin", pin, `127.0.0.1:${port}`];
  return new Terminal(command, { cwd: sandbox.folder, env: sandbox.env("dan"), columns: 100 });
}

const CHOICE = /Type R to register a new name, or L to log in:/;

/** Answers a question when it is the last thing on the screen. */
async function answer(terminal: Terminal, question: RegExp, line: string): Promise<void> {
  await terminal.until(new RegExp(`${question.source}\\s*$`));
  terminal.enter(line);
}

/** Registers Dan, while Cam is online. */
async function registerDan(terminal: Terminal, password: string): Promise<void> {
  await answer(terminal, /Name on \S+:/, "dan");
  await answer(terminal, /Password of dan on \S+:/, password);
  await answer(terminal, /Repeat the password:/, password);
  await terminal.until(/\* online: cam \(1\), dan \(2\)/);
}

Deno.test({
  name: "sotto client: asks for R or L as the chat of two over TLS did",
  ignore,
  fn: async () => {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server();
    const cam = await sandbox.signIn("cam", server);
    {
      using terminal = startAnonymous(sandbox, server);
      await answer(terminal, CHOICE, "X");
      await answer(terminal, /Please type R or L:/, "R");
      await registerDan(terminal, "tea at nine");
      terminal.enter("a first line");
      await cam.event({ event: "message", from: "dan", text: "a first line" });
      terminal.enter("logout");
      await terminal.until(/left: 0/);
    }
    await cam.event({ event: "presence", user: "dan", status: "offline" });
    using terminal = startAnonymous(sandbox, server);
    await answer(terminal, CHOICE, "L");
    await answer(terminal, /Name on \S+:/, "dan");
    await answer(terminal, /Password of dan on \S+:/, "wrong");
    await answer(terminal, new RegExp(`is wrong\\.\\s+${CHOICE.source}`), "l");
    await answer(terminal, /Name on \S+:/, "dan");
    await answer(terminal, /Password of dan on \S+:/, "tea at nine");
    await terminal.until(/\* online: cam \(1\), dan \(2\)/);
    assert.doesNotMatch(terminal.screen, /tea at nine/);
  },
});

Deno.test({
  name: "sotto client: registers and logs in as the chat over TCP, UDP and TLS did",
  ignore,
  fn: async () => {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server();
    const cam = await sandbox.signIn("cam", server);
    using terminal = startAnonymous(sandbox, server);
    await answer(terminal, CHOICE, "R");
    await registerDan(terminal, "dan's own");

    terminal.enter("/register eve");
    await answer(terminal, /Password of eve on \S+:/, "eve's own");
    await answer(terminal, /Repeat the password:/, "eve's own");
    await cam.event({ event: "presence", user: "eve", status: "normal" });
    await cam.event({ event: "presence", user: "dan", status: "offline" });
    terminal.enter("now as eve");
    await cam.event({ event: "message", from: "eve", text: "now as eve" });

    terminal.enter("/login dan");
    await answer(terminal, /Password of dan on \S+:/, "dan's own");
    await cam.event({ event: "presence", user: "eve", status: "offline" });
    terminal.enter("and as dan again");
    await cam.event({ event: "message", from: "dan", text: "and as dan again" });
    assert.doesNotMatch(terminal.screen, /'s own/);
    terminal.enter("quit");
    await terminal.until(/left: 0/);
  },
});
