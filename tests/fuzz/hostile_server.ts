/**
 * A server in memory that answers a client with whatever a fuzzer has drawn, and from some moment on
 * as the protocol says. What the client sends MUST be valid frames all the time.
 */
import assert from "node:assert/strict";
import { encodeFrame, parseClientFrame } from "../../protocol/codec.ts";
import { concat } from "../../protocol/concat.ts";
import { FrameDecoder, LENGTH_BYTES } from "../../protocol/decoder.ts";
import type { ClientFrame, ServerFrame, ServerFrames } from "../../protocol/frame.ts";
import { ANSWERS } from "../../protocol/session/rules.ts";
import type { Connection, Stream } from "../../protocol/transport/transport.ts";
import { encode, type Value } from "../helpers/independent_msgpack.ts";
import { MemoryEngine } from "../helpers/memory_engine.ts";
import { stateOf } from "../helpers/scripted_server.ts";

/** A conversation that no fuzzer names. */
export const FRESH = "group:fresh";

/** A frame of each type. */
export type Frames = Readonly<Record<keyof ServerFrames, Value>>;

/** How a connection begins, and what its streams are answered with. */
export interface Manners {
  /** Bodies in front of the answers to `hello` and to the sign-in. */
  readonly early: readonly (readonly Uint8Array[])[];
  /** Whether `hello` and the sign-in are answered as they should be. */
  readonly signsIn: boolean;
  /** Bodies on each stream that the client opens, in front of the answer. */
  readonly aside: readonly Uint8Array[];
  /** What the answers are. */
  readonly answers: Frames;
  readonly ending: "end" | "reset" | "stay";
}

const HONEST: Pick<Manners, "early" | "signsIn" | "aside"> = {
  early: [],
  signsIn: true,
  aside: [],
};

export class HostileServer {
  readonly engine = new MemoryEngine((connection) => this.#serve(connection));
  /** From now on it keeps the protocol, on new connections. */
  isHonest = false;
  readonly #manners: readonly Manners[];
  #connections = 0;
  #session: Stream | undefined;
  /** Requests on the session stream that were not answered. */
  #asked: Extract<ClientFrame, { id: number }>[] = [];
  #fault: unknown;

  /** One after the other for each connection. */
  constructor(manners: readonly Manners[]) {
    this.#manners = manners;
  }

  /** Throws what was wrong with anything that the client has sent. */
  check(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Sends a body on the session stream, if there is a session. */
  send(body: Uint8Array): void {
    this.#write(framed(body));
  }

  sendFrames(...frames: readonly ServerFrame[]): void {
    this.#write(concat(frames.map(encodeFrame)));
  }

  /** Sends bytes as they are. */
  #write(bytes: Uint8Array): void {
    void this.#session?.write(bytes).catch(() => {});
  }

  /** Answers the oldest request with a frame of the type that is due, or of another. */
  answer(frames: Frames, other?: keyof ServerFrames): void {
    const request = this.#asked.shift();
    if (request === undefined) return;
    const value = frames[other ?? ANSWERS[request.type]];
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value) &&
      !(value instanceof Uint8Array);
    this.send(encode(isMap ? { ...value, re: request.id } : value));
  }

  async #serve(connection: Connection): Promise<void> {
    const manners = this.#manners[this.#connections++ % this.#manners.length];
    assert.ok(manners);
    const now = this.isHonest ? { ...manners, ...HONEST } : manners;
    const session = await connection.accept();
    if (session === null) return;
    this.#session = session;
    this.#asked = [];
    void this.#serveSession(session, now);
    for (let stream; (stream = await connection.accept()) !== null;) {
      void this.#serveStream(stream, now);
    }
  }

  async #serveSession(session: Stream, { early, signsIn }: Manners): Promise<void> {
    const waiting = [...early];
    await this.#read(session, (frame) => {
      for (const body of waiting.shift() ?? []) this.send(body);
      if (!signsIn || !this.#isForSignIn(frame)) {
        if ("id" in frame && this.#asked.length < 1_000) this.#asked.push(frame);
      }
    });
    await session.end().catch(() => {});
  }

  /** Answers `hello`, the sign-in, and all pings. */
  #isForSignIn(frame: ClientFrame): boolean {
    switch (frame.type) {
      case "hello":
        this.sendFrames(
          { type: "welcome", re: frame.id, version: 1, features: [], server: "hostile" },
        );
        return true;
      case "login":
      case "resume": {
        const account = { user: "ann", number: 1, token: "token", expires: 2 ** 50 };
        const user = { number: 1, name: "ann", status: "normal" } as const;
        this.sendFrames(
          { type: "authenticated", re: frame.id, ...account, created: false },
          { type: "conversations", conversations: [stateOf(), stateOf(FRESH)], more: false },
          { type: "users", users: [user], more: false },
        );
        return true;
      }
      case "send": {
        if (!this.isHonest) return false;
        const { id: re, ulid, conversation } = frame;
        this.sendFrames({ type: "ack", re, ulid, conversation, seq: 1, at: 0 });
        return true;
      }
      case "ping":
        this.sendFrames({ type: "pong", re: frame.id });
        return true;
      default:
        return false;
    }
  }

  /** Answers a request on a stream of its own. */
  async #serveStream(stream: Stream, { aside, answers, ending }: Manners): Promise<void> {
    const write = (bytes: Uint8Array) => stream.write(bytes).catch(() => {});
    await this.#read(stream, (frame) => {
      if (!("id" in frame)) return;
      for (const body of aside) void write(framed(body));
      const answer = this.isHonest
        ? { type: "end", re: frame.id, more: false }
        : answers[ANSWERS[frame.type]];
      void write(framed(encode(answer)));
      if (ending === "end" || this.isHonest) void stream.end().catch(() => {});
      else if (ending === "reset") stream.reset(0);
    });
  }

  /** Reads to the end of the stream. A frame that is not valid is a fault of the client. */
  async #read(stream: Stream, take: (frame: ClientFrame) => void): Promise<void> {
    const decoder = new FrameDecoder();
    for (let chunk; (chunk = await stream.read().catch(() => null)) !== null;) {
      try {
        for (const body of decoder.push(chunk)) take(parseClientFrame(body));
      } catch (fault) {
        this.#fault ??= fault;
        return;
      }
    }
  }
}

function framed(body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_BYTES + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, LENGTH_BYTES);
  return frame;
}
