/**
 * A client that writes any bytes to a server of `startSocketless`, and checks everything that comes
 * back: each is a frame that is allowed on its stream, answers something that was sent, and is no
 * error that the protocol does not allow there.
 */
import assert from "node:assert/strict";
import { parseClientFrame, parseServerFrame } from "../../protocol/codec.ts";
import { FrameDecoder, LENGTH_BYTES } from "../../protocol/decoder.ts";
import { CLOSE_DONE, errorOfClose, ERRORS } from "../../protocol/errors.ts";
import type { ClientFrame, ServerFrame } from "../../protocol/frame.ts";
import { SERVER_RULES, type StreamKind } from "../../protocol/session/rules.ts";
import type { Stream } from "../../protocol/transport/transport.ts";
import { settle } from "../helpers/fake_clock.ts";
import { bodyOf } from "../helpers/hostile_bodies.ts";
import { decode } from "../helpers/independent_msgpack.ts";
import { MemoryConnection } from "../helpers/memory_transport.ts";
import { checkRefusal } from "../helpers/refusals.ts";
import type { startSocketless } from "../helpers/socketless.ts";
import { PASSWORD } from "./likely_frames.ts";

type Server = Pick<Awaited<ReturnType<typeof startSocketless>>, "pass" | "serve">;

/** In which state a client is when the fuzzer begins. */
export type Beginning = "connecting" | "connected" | "signed in";

/** The IDs of the client's own requests; the fuzzer's are smaller or random. */
const OWN_IDS = 0xffff_0000;
/** Milliseconds of real time in which the server goes on, on a busy machine with a slow disk. */
const PATIENCE = 60_000;
/** Milliseconds without news after which time passes for the server. */
const QUIET = 30;

export class RawClient {
  readonly #server: Server;
  readonly #connection: MemoryConnection;
  readonly #session: RawStream;
  readonly #gone: Promise<void>;
  /** What was asked, by ID. An ID may be used twice. */
  readonly #asked = new Map<number, Set<ClientFrame["type"] | undefined>>();
  #lastId = OWN_IDS;

  static async connect(server: Server, user: string, until: Beginning): Promise<RawClient> {
    const { client, server: other } = MemoryConnection.pair();
    const gone = server.serve(other);
    const raw = new RawClient(server, client, await client.openStream(), gone);
    if (until === "connecting") return raw;
    await raw.ask({ type: "hello", id: 0, versions: [1], features: [], client: "fuzzer" });
    if (until === "connected") return raw;
    const answer = await raw.ask({ type: "login", id: 0, user, password: PASSWORD });
    assert.equal(answer?.type, "authenticated", JSON.stringify(answer));
    return raw;
  }

  private constructor(
    server: Server,
    connection: MemoryConnection,
    session: Stream,
    gone: Promise<void>,
  ) {
    this.#server = server;
    this.#connection = connection;
    this.#gone = gone;
    this.#session = new RawStream("session", session, this.#asked);
    void connection.closed.then(({ kind, code }) => {
      if (kind !== "application" || code === 0 || code === CLOSE_DONE) return;
      const error = errorOfClose(code);
      this.#session.assert(error !== undefined && error !== "internal", `closed with ${code}`);
    });
  }

  /** The frames that have come on the session stream. */
  get frames(): readonly ServerFrame[] {
    return this.#session.frames;
  }

  /** The server has ended the session. */
  get isOver(): boolean {
    return this.#session.isOver;
  }

  /** Writes a body in its frame. */
  write(body: Uint8Array): void {
    this.#session.write(body);
  }

  /** Writes bytes as they are. */
  writeBytes(bytes: Uint8Array): void {
    this.#session.writeBytes(bytes);
  }

  /** Makes a request of its own, whose ID nothing else has. `undefined`: the session has ended. */
  async ask(request: Exclude<ClientFrame, { type: "chunk" | "mark" }>) {
    const id = ++this.#lastId;
    this.write(bodyOf({ ...request, id }));
    const find = () => this.frames.find((frame) => "re" in frame && frame.re === id);
    await this.#until(() => this.isOver || find() !== undefined);
    return find();
  }

  /**
   * Writes a request on a stream of its own, and what follows it, after the first answer or at once.
   * `undefined`: no stream can be opened.
   */
  async transfer(
    [request, ...rest]: readonly Uint8Array[],
    waits: boolean,
  ): Promise<RawStream | undefined> {
    const stream = await this.#connection.openStream().catch(() => undefined);
    if (stream === undefined || request === undefined) return undefined;
    const raw = new RawStream("transfer", stream, this.#asked);
    raw.write(request);
    if (waits) await this.#until(() => raw.isOver || raw.frames.length > 0);
    for (const body of rest) raw.write(body);
    return raw;
  }

  /** Ends the stream, and reads what comes to its end. */
  async finish(stream: RawStream): Promise<void> {
    stream.end();
    await this.#until(() => stream.isOver);
    stream.check();
  }

  /** Leaves in one way or another; resolves when the server keeps nothing of the client. */
  async leave(how: "end" | "close" | "lose"): Promise<void> {
    if (how === "lose") this.#connection.lose();
    else if (how === "close") this.#connection.close(0);
    else {
      this.#session.end();
      await this.#until(() => this.isOver);
      this.#connection.close(0);
    }
    let isGone = false;
    void this.#gone.then(() => isGone = true);
    await this.#until(() => isGone);
    this.#session.check();
  }

  /** Waits for the server. Time passes for it where it waits for that. */
  async #until(isDone: () => boolean): Promise<void> {
    const began = performance.now();
    let passed = began;
    while (!isDone()) {
      await settle(1);
      const now = performance.now();
      assert.ok(now - began < PATIENCE, "the server does not go on");
      if (now - passed < QUIET) continue;
      passed = now;
      await this.#server.pass(5_000);
    }
    this.#session.check();
  }
}

/** One stream of a client, read to its end. */
class RawStream {
  readonly frames: ServerFrame[] = [];
  readonly #kind: StreamKind;
  readonly #stream: Stream;
  readonly #asked: Map<number, Set<ClientFrame["type"] | undefined>>;
  #fault: unknown;
  #isOver = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    kind: StreamKind,
    stream: Stream,
    asked: Map<number, Set<ClientFrame["type"] | undefined>>,
  ) {
    this.#kind = kind;
    this.#stream = stream;
    this.#asked = asked;
    void this.#read();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  write(body: Uint8Array): void {
    this.#remember(body);
    const frame = new Uint8Array(LENGTH_BYTES + body.length);
    new DataView(frame.buffer).setUint32(0, body.length);
    frame.set(body, LENGTH_BYTES);
    this.writeBytes(frame);
  }

  writeBytes(bytes: Uint8Array): void {
    this.#writing = this.#writing.then(() => this.#stream.write(bytes)).catch(() => {});
  }

  end(): void {
    this.#writing = this.#writing.then(() => this.#stream.end()).catch(() => {});
  }

  reset(): void {
    this.#stream.reset(CLOSE_DONE);
  }

  /** Throws what was wrong with anything that has come. */
  check(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  assert(holds: boolean, otherwise: string): void {
    if (!holds) this.#fault ??= new Error(otherwise);
  }

  #remember(body: Uint8Array): void {
    const [id, type] = idOf(body);
    if (id === undefined) return;
    const types = this.#asked.get(id) ?? new Set();
    this.#asked.set(id, types.add(type));
  }

  async #read(): Promise<void> {
    const decoder = new FrameDecoder();
    try {
      for (let chunk; (chunk = await this.#stream.read()) !== null;) {
        for (const body of decoder.push(chunk)) this.#receive(body);
      }
    } catch {
      // The stream has broken. What the decoder throws shows in frames that do not come.
    }
    this.#isOver = true;
  }

  #receive(body: Uint8Array): void {
    try {
      const frame = parseServerFrame(body);
      this.frames.push(frame);
      this.#checkFrame(frame);
    } catch (fault) {
      this.#fault ??= fault;
    }
  }

  #checkFrame(frame: ServerFrame): void {
    assert.ok(SERVER_RULES[frame.type].streams.includes(this.#kind), `${frame.type} came`);
    if (frame.type === "error") {
      assert.ok(Object.hasOwn(ERRORS, frame.code), `the code ${frame.code} is unknown`);
      assert.notEqual(frame.code, "internal");
    }
    if (!("re" in frame) || frame.re === undefined) return;
    const types = this.#asked.get(frame.re);
    assert.ok(types, `${frame.type} answers ${frame.re}, which was not asked`);
    const fits = [...types].some((type) => isAllowed(type, frame));
    assert.ok(fits, `${JSON.stringify(frame)} answers ${[...types].join(" or ")}`);
  }
}

function isAllowed(type: ClientFrame["type"] | undefined, answer: ServerFrame): boolean {
  if (type === undefined) return answer.type === "error";
  try {
    checkRefusal(type, answer);
    return true;
  } catch {
    return false;
  }
}

/** The ID of what may be a request, and its type if it is one. */
function idOf(body: Uint8Array): [id?: number, type?: ClientFrame["type"]] {
  try {
    const frame = parseClientFrame(body);
    return "id" in frame ? [frame.id, frame.type] : [];
  } catch {
    // It is no frame, and may have an ID nevertheless.
  }
  try {
    const value = decode(body);
    return isRequest(value) ? [value.id] : [];
  } catch {
    return [];
  }
}

function isRequest(value: unknown): value is { readonly id: number } {
  return typeof value === "object" && value !== null && "id" in value &&
    typeof value.id === "number";
}
