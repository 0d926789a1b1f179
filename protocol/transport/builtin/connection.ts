/** One connection of Deno's QUIC, as `transport.ts` wants it. */
import { describe } from "../closing.ts";
import {
  type Address,
  CLOSE_NONE,
  type CloseReason,
  type Connection,
  type Stream,
  TransportError,
} from "../transport.ts";
import { unmapped } from "../address.ts";
import { closeOfFailure } from "./failures.ts";
import { BuiltinStream, type StreamOwner } from "./stream.ts";

export class BuiltinConnection implements Connection, StreamOwner {
  readonly engine = "builtin";
  readonly role: Connection["role"];
  readonly peerCertificate = undefined;
  /** Settles when QUIC has ended. `closed` follows when every pending call has settled. */
  readonly ended: Promise<CloseReason>;
  readonly closed: Promise<CloseReason>;
  /** How it ended, once it has. */
  over: CloseReason | undefined;
  readonly #conn: Deno.QuicConn;
  readonly #incoming: ReadableStreamDefaultReader<Deno.QuicBidirectionalStream>;
  readonly #streams = new Set<BuiltinStream>();
  /** Calls of `openStream` and `accept` that wait. */
  readonly #waiting = new Set<Promise<unknown>>();
  /** The arguments of `close`: Deno does not report them. */
  #closing: CloseReason | undefined;

  constructor(conn: Deno.QuicConn, role: Connection["role"]) {
    this.role = role;
    this.#conn = conn;
    this.#incoming = conn.incomingBidirectionalStreams.getReader();
    this.ended = conn.closed.then(
      ({ closeCode: code, reason }): CloseReason =>
        this.#closing ?? { kind: "application", code, reason, by: "peer" },
      (failure) => closeOfFailure(textOf(failure)),
    ).then((close) => this.over = close);
    this.closed = this.ended.then((close) => this.#release(close));
    // Sotto uses no DATAGRAM frames. This quinn buffers empty ones without bound
    // (GHSA-2hv7-gw8g-gpq5), so the first one ends the connection.
    conn.readDatagram().then(() => this.close(CLOSE_NONE, "no DATAGRAM frames here"), () => {});
  }

  get remote(): Address {
    return plain(this.#conn.remoteAddr);
  }

  get alpn(): string {
    return this.#conn.protocol ?? "";
  }

  get serverName(): string | undefined {
    return this.#conn.serverName ?? undefined;
  }

  ids(): undefined {}

  rtt(): undefined {}

  openStream(): Promise<Stream> {
    return this.#wait(this.#open());
  }

  accept(): Promise<Stream | null> {
    return this.#wait(this.#accept());
  }

  /** It sees no signs. */
  forgotten(): Promise<void> {
    return new Promise(() => {});
  }

  silence(): undefined {}

  rebind(): Promise<void> {
    const message = "Deno's QUIC cannot move a connection to a new port; the quiche engine can.";
    return Promise.reject(new TransportError("unsupported", message));
  }

  close(code: number, reason = ""): void {
    if (this.#closing !== undefined || this.over !== undefined) return;
    this.#closing = { kind: "application", code, reason, by: "local" };
    this.#conn.close({ closeCode: code, reason });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close(CLOSE_NONE);
    await this.closed;
  }

  forget(stream: BuiltinStream): void {
    this.#streams.delete(stream);
  }

  async #open(): Promise<Stream> {
    let pair: Deno.QuicBidirectionalStream;
    try {
      pair = await this.#conn.createBidirectionalStream({ waitUntilAvailable: true });
    } catch {
      const close = await this.ended;
      throw new TransportError("closed", `The connection was ${describe(close)}`, { close });
    }
    return this.#adopt(pair);
  }

  async #accept(): Promise<Stream | null> {
    try {
      const { value } = await this.#incoming.read();
      return value === undefined ? null : this.#adopt(value);
    } catch {
      return null; // The connection has failed; `closed` says how.
    }
  }

  #adopt(pair: Deno.QuicBidirectionalStream): BuiltinStream {
    const stream = new BuiltinStream(pair, this);
    this.#streams.add(stream);
    return stream;
  }

  async #wait<T>(call: Promise<T>): Promise<T> {
    this.#waiting.add(call);
    try {
      return await call;
    } finally {
      this.#waiting.delete(call);
    }
  }

  /** Rule 3: every pending call settles before `closed` does. */
  async #release(close: CloseReason): Promise<CloseReason> {
    await Promise.allSettled([
      ...this.#waiting,
      ...[...this.#streams].map((stream) => stream.idle()),
    ]);
    this.#streams.clear();
    return close;
  }
}

/** An address of Deno's as ours. */
export function plain(address: Deno.NetAddr): Address {
  return { hostname: unmapped(address.hostname), port: address.port };
}

export function textOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
