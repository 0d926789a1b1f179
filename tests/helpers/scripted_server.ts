/** A server in memory, which a test plays frame by frame: without ports and without real time. */
import assert from "node:assert/strict";
import type { ClientFrames, ConversationState, ServerFrame } from "../../protocol/frame.ts";
import { GENERAL } from "../../protocol/names.ts";
import type { Connection } from "../../protocol/transport/transport.ts";
import { Changes } from "./changes.ts";
import { MemoryEngine } from "./memory_engine.ts";
import { ScriptedStream } from "./scripted_stream.ts";

/** The state of a conversation in which nothing was said. */
export function stateOf(conversation = GENERAL, seq = 0, mark = seq): ConversationState {
  return { conversation, seq, mark, unread: seq - mark };
}

export class ScriptedServer {
  /** What clients dial with. */
  readonly engine: MemoryEngine;
  readonly #connections: Connection[] = [];
  readonly #changes = new Changes();

  constructor() {
    this.engine = new MemoryEngine((connection) => {
      this.#connections.push(connection);
      this.#changes.notify();
      return Promise.resolve();
    });
  }

  /** The session of the next connection. */
  async session(): Promise<ScriptedSession> {
    const connection = await this.#changes.find(
      () => this.#connections.shift(),
      "a connection from the client",
    );
    return new ScriptedSession(connection, await ScriptedStream.accept(connection));
  }
}

export class ScriptedSession {
  readonly connection: Connection;
  readonly stream: ScriptedStream;

  constructor(connection: Connection, stream: ScriptedStream) {
    this.connection = connection;
    this.stream = stream;
  }

  /** The client's next frame, which MUST have this type. */
  expect<Type extends keyof ClientFrames>(type: Type): Promise<ClientFrames[Type]> {
    return this.stream.expect(type);
  }

  send(...frames: readonly ServerFrame[]): Promise<void> {
    return this.stream.send(...frames);
  }

  /** Answers `hello`. */
  async welcome(): Promise<void> {
    const { id } = await this.expect("hello");
    await this.send({ type: "welcome", re: id, version: 1, features: [], server: "scripted" });
  }

  /** Answers `hello` and the sign-in that MUST follow, and sends the first lists. */
  async signIn<Type extends "login" | "resume">(
    type: Type,
    user: string,
    ...conversations: readonly ConversationState[]
  ): Promise<ClientFrames[Type]> {
    await this.welcome();
    const request = await this.authenticate(type, user);
    await this.list(user, ...conversations);
    return request;
  }

  /** Accepts the sign-in that MUST come, as this account. */
  async authenticate<Type extends "login" | "resume">(
    type: Type,
    user: string,
  ): Promise<ClientFrames[Type]> {
    const request = await this.expect(type);
    const expires = Number.MAX_SAFE_INTEGER;
    const account = { user, number: 1, token: `token of ${user}`, expires, created: false };
    await this.send({ type: "authenticated", re: request.id, ...account });
    return request;
  }

  /** Sends the first lists. */
  async list(user: string, ...conversations: readonly ConversationState[]): Promise<void> {
    await this.send(
      { type: "conversations", conversations: [...conversations], more: false },
      { type: "users", users: [{ number: 1, name: user, status: "normal" }], more: false },
    );
  }

  /** The next stream that the client opens beside the session. */
  transfer(): Promise<ScriptedStream> {
    return ScriptedStream.accept(this.connection);
  }

  /** Reads to the client's end of the session, and ends the server's. */
  async end(): Promise<void> {
    assert.equal(await this.stream.next(), undefined);
    await this.stream.end();
  }
}
