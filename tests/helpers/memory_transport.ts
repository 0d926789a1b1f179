/**
 * Two ends of a connection in one process, without ports and without time: for tests that want to
 * decide when a peer reads. A stream holds `window` bytes that the peer has not read; past that a
 * write is pending, as flow control has it.
 */
import {
  type CloseReason,
  type Connection,
  type EngineName,
  type Stream,
  StreamError,
  TransportError,
} from "../../protocol/transport/transport.ts";

const WINDOW = 64 * 1024;

/** One direction of a stream. */
class Pipe {
  readonly #chunks: Uint8Array[] = [];
  #held = 0;
  #ended = false;
  #failure: Error | undefined;
  #news = Promise.withResolvers<void>();

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#ended) throw new TypeError("Cannot write to a stream after its end");
    this.#chunks.push(chunk.slice());
    this.#held += chunk.length;
    this.#tell();
    while (this.#held > WINDOW && this.#failure === undefined) await this.#news.promise;
    if (this.#failure) throw this.#failure;
  }

  async read(): Promise<Uint8Array | null> {
    while (true) {
      if (this.#failure) throw this.#failure;
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#held -= chunk.length;
        this.#tell();
        return chunk;
      }
      if (this.#ended) return null;
      await this.#news.promise;
    }
  }

  end(): void {
    this.#ended = true;
    this.#tell();
  }

  fail(failure: Error): void {
    this.#failure ??= failure;
    this.#tell();
  }

  get over(): boolean {
    return this.#failure !== undefined || (this.#ended && this.#chunks.length === 0);
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

class MemoryStream implements Stream {
  readonly id: number;
  readonly #incoming: Pipe;
  readonly #outgoing: Pipe;

  constructor(id: number, incoming: Pipe, outgoing: Pipe) {
    this.id = id;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }

  read(): Promise<Uint8Array | null> {
    return this.#incoming.read();
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#outgoing.write(chunk);
  }

  end(): Promise<void> {
    this.#outgoing.end();
    return Promise.resolve();
  }

  reset(code: number): void {
    if (this.#incoming.over && this.#outgoing.over) return;
    this.fail(new StreamError(code, `The stream was reset with code ${code}`));
  }

  fail(failure: Error): void {
    this.#incoming.fail(failure);
    this.#outgoing.fail(failure);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.reset(0);
    return Promise.resolve();
  }
}

export class MemoryConnection implements Connection {
  readonly engine: EngineName = "builtin";
  readonly role: "client" | "server";
  readonly remote: { readonly hostname: string; readonly port: number };
  readonly alpn = "sotto/1";
  readonly serverName = undefined;
  readonly peerCertificate = undefined;
  readonly closed: Promise<CloseReason>;
  readonly #end = Promise.withResolvers<CloseReason>();
  readonly #streams: MemoryStream[] = [];
  readonly #arrived: Stream[] = [];
  /** What everything throws once the connection has ended. */
  #failure: TransportError | undefined;
  #wake = () => {};
  #other: MemoryConnection | undefined;
  /** Whether nothing has come from the peer for long. */
  isSilent = false;
  #nextId = 0;
  #forgotten: PromiseWithResolvers<void> | undefined;

  constructor(role: "client" | "server", hostname = "192.0.2.1") {
    this.role = role;
    this.remote = { hostname, port: 50_000 };
    this.closed = this.#end.promise;
  }

  /** `hostname`: the client's. */
  static pair(hostname?: string): { client: MemoryConnection; server: MemoryConnection } {
    const client = new MemoryConnection("client");
    const server = new MemoryConnection("server", hostname);
    client.#other = server;
    server.#other = client;
    return { client, server };
  }

  ids(): undefined {}
  rtt(): undefined {}

  openStream(): Promise<Stream> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const there = new Pipe();
    const back = new Pipe();
    const id = this.#nextId;
    this.#nextId += 4;
    const stream = new MemoryStream(id, back, there);
    this.#streams.push(stream);
    if (this.#other) this.#other.#arrive(new MemoryStream(id, there, back));
    return Promise.resolve(stream);
  }

  async accept(): Promise<Stream | null> {
    while (this.#failure === undefined) {
      const stream = this.#arrived.shift();
      if (stream !== undefined) return stream;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return null;
  }

  forgotten(): Promise<void> {
    this.#forgotten ??= Promise.withResolvers();
    return this.#forgotten.promise;
  }

  silence(): number {
    return this.isSilent ? Infinity : 0;
  }

  /** There is a sign that the server has forgotten the connection. */
  seemForgotten(): void {
    this.#forgotten?.resolve();
    this.#forgotten = undefined;
  }

  rebind(): Promise<void> {
    return Promise.reject(new TransportError("unsupported", "There is no port here"));
  }

  close(code: number, reason = ""): void {
    this.#finish({ kind: "application", code, reason, by: "local" });
    if (this.#other) this.#other.#finish({ kind: "application", code, reason, by: "peer" });
  }

  /** Breaks the connection for both ends, as a network does. */
  lose(): void {
    const lost = { kind: "lost", code: 0, reason: "", by: "local" } as const;
    this.#finish(lost);
    if (this.#other) this.#other.#finish(lost);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close(0);
    await this.closed;
  }

  #arrive(stream: MemoryStream): void {
    this.#streams.push(stream);
    this.#arrived.push(stream);
    this.#wake();
  }

  #finish(close: CloseReason): void {
    if (this.#failure !== undefined) return;
    const failure = this.#failure = new TransportError("closed", "The connection has ended", {
      close,
    });
    for (const stream of this.#streams) stream.fail(failure);
    this.#wake();
    this.#end.resolve(close);
  }
}
