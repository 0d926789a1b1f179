/**
 * A headless client without ports and real time, and the server that the test plays for it. At the
 * end of the scope it leaves, and no timer is left.
 */
import assert from "node:assert/strict";
import type { ConversationState } from "../../protocol/frame.ts";
import { TestChat, type TestChatOptions } from "./client.ts";
import { FakeClock, settle } from "./fake_clock.ts";
import { MemoryEngine } from "./memory_engine.ts";
import { ScriptedServer, type ScriptedSession, stateOf } from "./scripted_server.ts";

/** Milliseconds in which every client has left. */
const LEFT = 10_000;
/** Milliseconds after which a client has dialled again. */
const REDIALLED = 1_000;

export class ScriptedChat implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly client: TestChat;
  /** Whether the server ends a session that the client ends. */
  endsSessions = true;
  readonly #server = new ScriptedServer();

  /** Dials at once, as ann. */
  constructor(options: Partial<TestChatOptions> = {}) {
    const { clock, engine } = this;
    const { pin } = MemoryEngine;
    this.client = new TestChat({
      ...{ user: "ann", engine, pin, clock, host: "memory", port: 1 },
      ...options,
    });
  }

  /** The client's network. */
  get engine(): MemoryEngine {
    return this.#server.engine;
  }

  /** The session of the next connection. */
  async session(): Promise<ScriptedSession> {
    const session = await this.#server.session();
    const { stream } = session;
    void stream.ended.then(() => {
      if (this.endsSessions) void stream.end();
    });
    return session;
  }

  /** The next session, signed in with a password. Default: in the first room, nothing missed. */
  async signIn(...conversations: readonly ConversationState[]): Promise<ScriptedSession> {
    const session = await this.session();
    const states = conversations.length === 0 ? [stateOf()] : conversations;
    await session.signIn("login", this.client.chat.user ?? "ann", ...states);
    await this.client.event("users");
    return session;
  }

  /** Breaks the connection. Returns the next session, once the client has dialled again. */
  async reconnect(): Promise<ScriptedSession> {
    this.engine.cut();
    await settle();
    await this.clock.pass(REDIALLED);
    return await this.session();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = this.client[Symbol.asyncDispose]();
    await settle();
    await this.clock.pass(LEFT);
    await left;
    assert.equal(this.clock.waiting, 0, "no timer is left");
  }
}
