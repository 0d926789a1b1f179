/**
 * A client written from `docs/protocol.md` alone, on Deno's own QUIC and TLS (`Deno.connectQuic`).
 * It shares no code with Sotto: if it misunderstands something, the page is wrong.
 *
 * A frame that the page does not allow fails the test. Every wait has a limit.
 */
import { Changes } from "./changes.ts";
import { decode, encode, type Value, type ValueMap } from "./independent_msgpack.ts";
import { within } from "./within.ts";

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

interface IndependentClientOptions {
  readonly hostname: string;
  readonly port: number;
  /** `SHA256:…`, as the server prints it. */
  readonly pin: string;
}

/** How the connection ended. */
interface End {
  readonly code: number | undefined;
  readonly reason: string;
}

export class IndependentClient implements AsyncDisposable {
  /** Every frame of the session stream, in order. */
  readonly received: ValueMap[] = [];
  /** Settles when the connection is closed. */
  readonly closed: Promise<End>;
  readonly #endpoint: Deno.QuicEndpoint;
  readonly #connection: Deno.QuicConn;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #changes = new Changes();
  #ended = false;
  #taken = 0;
  #lastId = 0;

  /** Connects to the server with this pin, and opens the session stream. */
  static async connect(
    { hostname, port, pin }: IndependentClientOptions,
  ): Promise<IndependentClient> {
    const endpoint = new Deno.QuicEndpoint();
    // `serverCertificateHashes` works as in WebTransport; Deno's types do not have it.
    const options = {
      hostname,
      port,
      endpoint,
      alpnProtocols: ["sotto/1"],
      serverCertificateHashes: [{ algorithm: "sha-256", value: hashOf(pin) }],
    };
    try {
      const connection = await Deno.connectQuic(options);
      return new IndependentClient(
        endpoint,
        connection,
        await connection.createBidirectionalStream(),
      );
    } catch (error) {
      endpoint.close();
      throw error;
    }
  }

  private constructor(
    endpoint: Deno.QuicEndpoint,
    connection: Deno.QuicConn,
    stream: Deno.QuicBidirectionalStream,
  ) {
    this.#endpoint = endpoint;
    this.#connection = connection;
    this.#writer = stream.writable.getWriter();
    this.closed = connection.closed.then(
      ({ closeCode, reason }) => ({ code: closeCode, reason }),
      (error) => ({ code: undefined, reason: String(error) }),
    );
    void this.#read(stream.readable);
  }

  /** Writes bytes to the session stream, unframed. */
  async writeBytes(bytes: Uint8Array): Promise<void> {
    await this.#writer.write(bytes.slice());
  }

  /** Ends this side of the session stream. */
  async end(): Promise<void> {
    await this.#writer.close();
  }

  /** Writes a frame. */
  async write(frame: ValueMap): Promise<void> {
    await this.writeBytes(framed(encode(frame)));
  }

  /** Writes a request and waits for its answer. */
  async ask(request: ValueMap): Promise<ValueMap> {
    const id = ++this.#lastId;
    await this.write({ ...request, id });
    return await this.#find(
      `the answer to ${String(request.type)}`,
      () => this.received.find(({ re }) => re === id),
    );
  }

  /** The next frame of this type that was not returned yet. */
  async next(type: string): Promise<ValueMap> {
    return await this.#find(type, () => {
      while (this.#taken < this.received.length) {
        const frame = this.received[this.#taken++];
        if (frame?.type === type) return frame;
      }
      return undefined;
    });
  }

  hello(versions: number[] = [1]): Promise<ValueMap> {
    return this.ask({ type: "hello", versions, features: [], client: "independent/1" });
  }

  login(user: string, password: string): Promise<ValueMap> {
    return this.ask({ type: "login", user, password });
  }

  resume(token: Value): Promise<ValueMap> {
    return this.ask({ type: "resume", token });
  }

  /** Sends a text; returns the answer. */
  send(conversation: string, text: string, ulid: string = makeUlid()): Promise<ValueMap> {
    return this.ask({ type: "send", ulid, conversation, content: { kind: "text", body: text } });
  }

  /** Makes a request on a new stream. Returns all frames of the answer. */
  request(request: ValueMap): Promise<ValueMap[]> {
    return this.transfer(framed(encode({ ...request, id: ++this.#lastId })));
  }

  /** All messages of a conversation after `seq`, fetched page by page, each on a new stream. */
  async history(conversation: string, seq: number, page = 500): Promise<ValueMap[]> {
    const messages: ValueMap[] = [];
    let after = seq;
    for (let more = true; more;) {
      const request = { type: "history", id: ++this.#lastId, conversation, after, limit: page };
      const answer = await this.transfer(framed(encode(request)));
      const end = answer.pop();
      if (end?.type !== "end" || end.re !== this.#lastId) {
        throw new Error(`History ended with ${JSON.stringify(end)}`);
      }
      messages.push(...answer);
      after = Number(messages.at(-1)?.seq ?? after);
      more = end.more === true;
    }
    return messages;
  }

  /** Writes bytes to a new stream, ends it, and returns the frames that come back. */
  async transfer(bytes: Uint8Array): Promise<ValueMap[]> {
    const stream = await this.#connection.createBidirectionalStream();
    const writer = stream.writable.getWriter();
    await writer.write(bytes.slice());
    await writer.close();
    const frames: ValueMap[] = [];
    const read = async () => {
      for await (const frame of framesOf(stream.readable)) frames.push(frame);
    };
    await within(read(), "an answer on its own stream");
    return frames;
  }

  /** Waits until the connection is closed in any way. */
  untilClosed(): Promise<End> {
    return within(this.closed, "the end of the connection");
  }

  /** Ends its side of the stream, waits for `bye`, and closes the connection. */
  async leave(): Promise<ValueMap> {
    await this.end();
    const bye = await this.next("bye");
    this.#connection.close({ closeCode: 0x100, reason: "" });
    await this.untilClosed();
    return bye;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close({ closeCode: 0x100, reason: "" });
    await this.closed;
    this.#endpoint.close();
  }

  async #read(readable: ReadableStream<Uint8Array>): Promise<void> {
    try {
      for await (const frame of framesOf(readable)) {
        this.received.push(frame);
        this.#changes.notify();
      }
    } catch {
      // The connection is closed; `closed` says how.
    }
    this.#ended = true;
    this.#changes.notify();
  }

  #find<T>(what: string, pick: () => T | undefined): Promise<T> {
    const search = () => {
      const found = pick();
      if (found !== undefined || !this.#ended) return found;
      throw new Error(`The session ended before ${what}`);
    };
    return this.#changes.find(search, what);
  }
}

/** A body after its length. */
export function framed(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length);
  bytes.set(body, 4);
  return bytes;
}

/** A ULID (github.com/ulid/spec): 48 bits of time, 80 random bits, in Crockford's base 32. */
export function makeUlid(): string {
  let ulid = "";
  for (let time = Date.now(); ulid.length < 10; time = Math.floor(time / 32)) {
    ulid = CROCKFORD.charAt(time % 32) + ulid;
  }
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) {
    ulid += CROCKFORD.charAt(byte % 32);
  }
  return ulid;
}

/** Whole frames from a stream that ends between two of them. */
async function* framesOf(readable: ReadableStream<Uint8Array>): AsyncGenerator<ValueMap> {
  let held = new Uint8Array(0);
  for await (const chunk of readable) {
    held = Uint8Array.from([...held, ...chunk]);
    while (held.length >= 4) {
      const length = new DataView(held.buffer).getUint32(0);
      if (length < 1 || length > 65_536) throw new Error(`A frame of ${length} bytes`);
      if (held.length < 4 + length) break;
      const value = decode(held.subarray(4, 4 + length));
      held = held.slice(4 + length);
      if (!isMap(value)) throw new Error("A frame is not a map");
      yield value;
    }
  }
  if (held.length > 0) throw new Error("The stream was cut inside a frame");
}

function isMap(value: Value): value is ValueMap {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Uint8Array);
}

function hashOf(pin: string): Uint8Array {
  const base64 = pin.replace(/^SHA256:/, "").replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
