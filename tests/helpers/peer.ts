/**
 * A client for tests of the server. It sends any frames over a real connection and keeps what comes
 * back. It checks only that each refusal is one that the protocol allows.
 */
import assert from "node:assert/strict";
import { parsePin } from "../../certs/fingerprint.ts";
import { encodeFrame, parseClientFrame, parseServerFrame } from "../../protocol/codec.ts";
import { FrameDecoder, LENGTH_BYTES } from "../../protocol/decoder.ts";
import type {
  ClientFrame,
  ClientFrames,
  Message,
  ServerFrame,
  ServerFrames,
} from "../../protocol/frame.ts";
import type { QueryFields, RequestFields } from "../../protocol/session/client.ts";
import { engine } from "../../protocol/transport/builtin.ts";
import type {
  Address,
  CloseReason,
  Connection,
  Stream,
} from "../../protocol/transport/transport.ts";
import { ALPN } from "../../protocol/version.ts";
import { Changes } from "./changes.ts";
import { checkRefusal } from "./refusals.ts";
import { inShort } from "./test_session.ts";
import { within } from "./within.ts";

interface Reachable {
  readonly address: Address;
  readonly pin: string;
}

type Type = keyof ServerFrames;

export class TestPeer {
  readonly connection: Connection;
  readonly stream: Stream;
  /** Every frame that came on the session stream, in order. */
  readonly received: ServerFrame[] = [];
  #lastId = 0;
  #taken = 0;
  #looked = 0;
  readonly #changes = new Changes();
  #ended = false;
  /** What was asked on the session stream, by `id`. */
  readonly #asked = new Map<number, ClientFrame["type"]>();
  /** An answer that the protocol does not allow: fails the test at its next step. */
  #fault: unknown;
  #reading = true;
  #resume = () => {};

  /** Connects and opens the session stream; says nothing yet. */
  static async connect({ address, pin }: Reachable): Promise<TestPeer> {
    const hash = parsePin(pin);
    assert.ok(hash);
    const { hostname, port } = address;
    const connection = await engine.dial({ hostname, port, alpn: [ALPN], hashes: [hash] });
    return new TestPeer(connection, await connection.openStream());
  }

  /** Connects, agrees on the version, and signs in. */
  static async signIn(server: Reachable, user: string, password = "secret"): Promise<TestPeer> {
    const peer = await TestPeer.connect(server);
    await peer.hello();
    await peer.login(user, password);
    return peer;
  }

  constructor(connection: Connection, stream: Stream) {
    this.connection = connection;
    this.stream = stream;
    void this.#read();
  }

  nextId(): number {
    return ++this.#lastId;
  }

  write(frame: ClientFrame): Promise<void> {
    if ("id" in frame) this.#asked.set(frame.id, frame.type);
    return this.stream.write(encodeFrame(frame));
  }

  async hello(): Promise<ServerFrames["welcome"]> {
    const id = this.nextId();
    await this.write({ type: "hello", id, versions: [1], features: [], client: "test" });
    return await this.next("welcome");
  }

  async login(
    user: string,
    password = "secret",
    intent?: ClientFrames["login"]["intent"],
  ): Promise<ServerFrames["authenticated"]> {
    const id = this.nextId();
    const frame = { type: "login", id, user, password } as const;
    await this.write(intent === undefined ? frame : { ...frame, intent });
    return await this.next("authenticated");
  }

  /** Sends a text; returns the request's ID. */
  async say(conversation: string, ulid: string, text: string): Promise<number> {
    const id = this.nextId();
    await this.write({
      type: "send",
      id,
      ulid,
      conversation,
      content: { kind: "text", body: text },
    });
    return id;
  }

  /** The next frame of one of these types; others are left out. */
  next<T extends Type>(...types: T[]): Promise<ServerFrames[T]> {
    return this.#find(types.join(" or "), () => {
      while (this.#taken < this.received.length) {
        const frame = this.received[this.#taken++];
        const type = types.find((type) => type === frame?.type);
        if (frame !== undefined && type !== undefined) return frame as ServerFrames[T];
      }
      return undefined;
    });
  }

  /** Makes a request; returns the frame that answers it, which may be an `error`. */
  async ask(fields: RequestFields): Promise<ServerFrame> {
    const id = this.nextId();
    await this.write({ ...fields, id });
    return await this.#find(
      `the answer to ${fields.type}`,
      () =>
        this.received.find((frame) => "re" in frame && frame.re === id && frame.type !== "notice"),
    );
  }

  /** What came by itself since the last look, in short; answers and acks are left out. */
  look(): string[] {
    const news = this.received.slice(this.#looked)
      .filter((frame) => !("re" in frame) || frame.re === undefined);
    this.#looked = this.received.length;
    return news.map(inShort);
  }

  /** How the connection ended. */
  closed(): Promise<CloseReason> {
    return within(this.connection.closed, "the end of the connection");
  }

  /** Asks for history on a stream of its own; returns every frame of the answer. */
  history(conversation: string, after = 0, limit = 500): Promise<ServerFrame[]> {
    return this.fetch({ type: "history", conversation, after, limit });
  }

  /** Makes a request on a stream of its own; returns every frame of the answer. */
  fetch(fields: QueryFields): Promise<ServerFrame[]> {
    return this.transfer(encodeFrame({ ...fields, id: this.nextId() }));
  }

  /** Writes bytes on a stream of its own, ends it, and returns the frames that come back. */
  async transfer(bytes: Uint8Array): Promise<ServerFrame[]> {
    const asked = requestIn(bytes);
    await using stream = await this.connection.openStream();
    await stream.write(bytes);
    await stream.end();
    const frames: ServerFrame[] = [];
    const decoder = new FrameDecoder();
    for (let chunk; (chunk = await within(stream.read(), "an answer")) !== null;) {
      for (const body of decoder.push(chunk)) frames.push(parseServerFrame(body));
    }
    for (const frame of frames) if (asked !== undefined) checkRefusal(asked, frame);
    return frames;
  }

  /** Reads no further until the returned function is called. */
  pause(): () => void {
    this.#reading = false;
    return () => {
      this.#reading = true;
      this.#resume();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection[Symbol.asyncDispose]();
    this.#check();
  }

  async #read(): Promise<void> {
    const decoder = new FrameDecoder();
    try {
      for (let chunk; (chunk = await this.stream.read()) !== null;) {
        for (const body of decoder.push(chunk)) this.#receive(parseServerFrame(body));
        this.#changes.notify();
        if (!this.#reading) await new Promise<void>((resolve) => this.#resume = resolve);
      }
    } catch {
      // The connection has gone; `closed` says how.
    }
    this.#ended = true;
    this.#changes.notify();
  }

  #receive(frame: ServerFrame): void {
    this.received.push(frame);
    const asked = "re" in frame && frame.re !== undefined ? this.#asked.get(frame.re) : undefined;
    try {
      if (asked !== undefined) checkRefusal(asked, frame);
    } catch (fault) {
      this.#fault ??= fault;
    }
  }

  #check(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  #find<T>(what: string, pick: () => T | undefined): Promise<T> {
    const search = () => {
      const found = pick();
      if (found !== undefined) return found;
      this.#check();
      if (this.#ended) throw new Error(`The session ended before ${what}`);
      return undefined;
    };
    return this.#changes.find(search, what);
  }
}

/** The type of the one frame in these bytes; `undefined` where they are something else. */
function requestIn(bytes: Uint8Array): ClientFrame["type"] | undefined {
  try {
    return parseClientFrame(bytes.subarray(LENGTH_BYTES)).type;
  } catch {
    return undefined;
  }
}

/** The messages among frames, as `[seq, from, text]`. */
export function texts(frames: readonly ServerFrame[]): [number, string, string][] {
  return frames
    .filter((frame): frame is Message => frame.type === "message")
    .map(({ seq, from, content }) => [seq, from, String(content.body)]);
}
