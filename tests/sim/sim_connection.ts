/** The two ends of a simulated connection, which keep the contract of `transport.ts`. */
import {
  type CloseReason,
  type Connection,
  type Stream,
  StreamError,
  TransportError,
} from "../../protocol/transport/transport.ts";
import type { Link, LinkEnd } from "./link.ts";
import { Pipe } from "./pipe.ts";
import { Signs } from "./signs.ts";
import type { Process } from "./world.ts";

/** Streams that a client may have open at once. */
const MAX_STREAMS = 8;

class SimStream implements Stream {
  readonly id: number;
  readonly #incoming: Pipe;
  readonly #outgoing: Pipe;
  readonly #sendReset: (code: number) => void;

  constructor(id: number, incoming: Pipe, outgoing: Pipe, sendReset: (code: number) => void) {
    this.id = id;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.#sendReset = sendReset;
  }

  get isOver(): boolean {
    return this.#incoming.isOver && this.#outgoing.isOver;
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
    if (this.isOver) return;
    this.#sendReset(code);
    this.fail(new StreamError(code, `The stream was reset with code ${code}`));
  }

  fail(failure: Error): void {
    this.#incoming.failReading(failure);
    this.#outgoing.failWriting(failure);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.reset(0);
    return Promise.resolve();
  }
}

export class SimConnection implements Connection, LinkEnd {
  readonly engine = "builtin";
  readonly role: "client" | "server";
  readonly remote: { readonly hostname: string; readonly port: number };
  readonly alpn = "sotto/1";
  readonly serverName = undefined;
  readonly peerCertificate = undefined;
  readonly closed: Promise<CloseReason>;
  readonly #process: Process;
  readonly #link: Link;
  readonly #end = Promise.withResolvers<CloseReason>();
  readonly #streams = new Set<SimStream>();
  readonly #arrived: Stream[] = [];
  #over: CloseReason | undefined;
  #wake = () => {};
  #signs: Signs | undefined;
  #other: SimConnection | undefined;
  #nextId = 0;

  constructor(role: "client" | "server", process: Process, link: Link, hostname: string) {
    this.role = role;
    this.remote = { hostname, port: 50_000 };
    this.closed = this.#end.promise;
    this.#process = process;
    this.#link = link;
    link.attach(this);
  }

  static join(client: SimConnection, server: SimConnection): void {
    client.#other = server;
    server.#other = client;
  }

  /** The client's engine sees signs. `strangersAnswer`: see `Signs`. */
  watchForSigns(strangersAnswer: () => number | undefined): void {
    this.#signs = new Signs({
      process: this.#process,
      isOpen: () => this.#over === undefined,
      ask: () => {
        const other = this.#other;
        if (other !== undefined) this.#link.carry({ arrival: 0 }, other, () => {});
      },
      strangersAnswer,
    });
  }

  /** A sign that may be forged. */
  seeSign(): void {
    this.#signs?.see();
  }

  heard(): void {
    this.#signs?.heard();
  }

  get isAlive(): boolean {
    return this.#process.isAlive && this.#over === undefined;
  }

  /** Streams that have not ended, as far as is known here. */
  get openStreams(): number {
    this.#sweep();
    return this.#streams.size;
  }

  ids(): undefined {}
  rtt(): undefined {}

  async openStream(): Promise<Stream> {
    while (this.#over === undefined && this.openStreams >= MAX_STREAMS) {
      await new Promise<void>((resolve) => void this.#process.after(20, resolve));
    }
    const other = this.#other;
    if (this.#over !== undefined || other === undefined) throw closedError(this.#over);
    const link = this.#link;
    const { window } = link.options;
    const lanes = { there: { arrival: 0 }, back: { arrival: 0 } };
    const there = new Pipe((deliver) => link.carry(lanes.there, other, deliver), window);
    const back = new Pipe((deliver) => link.carry(lanes.back, this, deliver), window);
    const id = this.#nextId;
    this.#nextId += 4;
    const failed = (code: number) => new StreamError(code, `The peer reset it with code ${code}`);
    const server: SimStream = new SimStream(id, there, back, (code) => {
      link.carry(lanes.back, this, () => client.fail(failed(code)));
    });
    const client = new SimStream(id, back, there, (code) => {
      link.carry(lanes.there, other, () => server.fail(failed(code)));
    });
    this.#streams.add(client);
    link.carry(lanes.there, other, () => other.#arrive(server));
    return client;
  }

  async accept(): Promise<Stream | null> {
    while (this.#over === undefined) {
      const stream = this.#arrived.shift();
      if (stream !== undefined) return stream;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return null;
  }

  forgotten(): Promise<void> {
    return this.#signs?.next() ?? new Promise(() => {});
  }

  silence(): number | undefined {
    return this.#signs?.silence;
  }

  rebind(): Promise<void> {
    if (!this.#link.options.canRebind) {
      return Promise.reject(new TransportError("unsupported", "There is one address"));
    }
    this.#link.rebind();
    return Promise.resolve();
  }

  close(code: number, reason = ""): void {
    if (this.#over !== undefined) return;
    const other = this.#other;
    if (other !== undefined) {
      const close = { kind: "application", code, reason, by: "peer" } as const;
      this.#link.carry({ arrival: 0 }, other, () => other.finish(close));
    }
    this.finish({ kind: "application", code, reason, by: "local" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close(0);
    await this.closed;
  }

  finish(close: CloseReason): void {
    if (this.#over !== undefined) return;
    this.#over = close;
    const failure = closedError(close);
    for (const stream of this.#streams) stream.fail(failure);
    this.#streams.clear();
    this.#wake();
    this.#end.resolve(close);
  }

  #arrive(stream: SimStream): void {
    this.#sweep();
    this.#streams.add(stream);
    this.#arrived.push(stream);
    this.#wake();
  }

  #sweep(): void {
    for (const stream of this.#streams) if (stream.isOver) this.#streams.delete(stream);
  }
}

function closedError(close: CloseReason | undefined): TransportError {
  return new TransportError("closed", "The connection has ended", close && { close });
}
