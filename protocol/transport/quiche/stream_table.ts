/** The streams of one connection: opens and accepts them, and tells them what quiche has for them. */
import type { Stream, TransportError } from "../transport.ts";
import { FinRepeats } from "./fin_repeats.ts";
import type { NativeConnection } from "./native.ts";
import { QuicheStream, type StreamOwner } from "./stream.ts";
import type { StreamHost } from "./stream_host.ts";

/** The difference between two IDs of the same type (RFC 9000, section 2.1). */
const STEP = 4;
/** quiche's defaults. Setting them opens a stream (`#tryOpen`). */
const URGENCY = 127;
const INCREMENTAL = true;

interface Opener {
  readonly resolve: (stream: Stream) => void;
  readonly reject: (error: Error) => void;
}

export class StreamTable implements StreamOwner {
  readonly #host: StreamHost;
  readonly #maxStreams: number;
  readonly #streams = new Map<number, QuicheStream>();
  /** Streams to flush before the connection sends. */
  #gathering: QuicheStream[] = [];
  /** Streams to retry with each datagram. */
  readonly #watched = new Set<QuicheStream>();
  readonly #fins = new FinRepeats();
  /** Opened by the peer, and not accepted yet: at most `maxStreams`. Others stay in quiche. */
  #unaccepted: QuicheStream[] = [];
  #acceptors: Array<(stream: Stream | null) => void> = [];
  #openers: Opener[] = [];
  #nextOwn: number;
  /** The peer's ID after the highest known one. */
  #nextPeer: number;
  /** Unknown lower IDs: datagrams may be reordered, and peers may skip IDs. */
  readonly #skipped = new Set<number>();

  constructor(host: StreamHost, role: "client" | "server", maxStreams: number) {
    this.#host = host;
    this.#maxStreams = maxStreams;
    [this.#nextOwn, this.#nextPeer] = role === "client" ? [0, 1] : [1, 0];
  }

  /** Whether a stream waits for credit. */
  get blocked(): boolean {
    for (const stream of this.#watched) if (stream.blocked) return true;
    return false;
  }

  /** Opens a stream; waits while the peer allows none. */
  open(): Promise<Stream> {
    const { quic } = this.#host;
    if (quic === undefined) return Promise.reject(this.#host.ended());
    const stream = this.#openers.length === 0 ? this.#tryOpen(quic) : undefined;
    if (stream !== undefined) return Promise.resolve(stream);
    return new Promise((resolve, reject) => this.#openers.push({ resolve, reject }));
  }

  accept(): Promise<Stream | null> {
    const { quic } = this.#host;
    if (quic === undefined) return Promise.resolve(null);
    const stream = this.#unaccepted.shift();
    if (stream === undefined) return new Promise((resolve) => this.#acceptors.push(resolve));
    if (quic.isReadable()) this.#discover(quic);
    return Promise.resolve(stream);
  }

  /** The connection is about to send. */
  flush(): void {
    if (this.#gathering.length === 0) return;
    const streams = this.#gathering;
    this.#gathering = [];
    for (const stream of streams) stream.flush();
  }

  /**
   * A datagram has arrived: pending reads, writes and openings may settle. Returns whether any could
   * have settled.
   */
  advance(quic: NativeConnection): boolean {
    const readable = quic.isReadable();
    if (!readable && this.#watched.size === 0 && this.#openers.length === 0) return false;
    if (readable) {
      for (const stream of this.#streams.values()) {
        if (quic.streamReadable(stream.id)) stream.deliver();
      }
      // The rest is not read yet, or belongs to an unknown stream.
      if (quic.isReadable()) this.#discover(quic);
    }
    for (const stream of this.#watched) {
      stream.retry();
      if (!stream.waits) this.#watched.delete(stream);
    }
    while (this.#openers.length > 0 && quic.peerStreamsLeftBidi() > 0) {
      const stream = this.#tryOpen(quic);
      if (stream === undefined) break;
      this.#openers.shift()?.resolve(stream);
    }
    return true;
  }

  /** The connection has ended. */
  fail(error: TransportError): void {
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    this.#watched.clear();
    this.#gathering = [];
    this.#unaccepted = [];
    for (const stream of streams) stream.fail(error);
    for (const opener of this.#openers) opener.reject(error);
    this.#openers = [];
    for (const accept of this.#acceptors) accept(null);
    this.#acceptors = [];
  }

  gathered(stream: QuicheStream): void {
    this.#gathering.push(stream);
  }

  watch(stream: QuicheStream): void {
    this.#watched.add(stream);
  }

  finished(stream: QuicheStream): void {
    const { quic } = this.#host;
    if (quic !== undefined) this.#fins.add(quic, stream.id);
  }

  wasReset(stream: QuicheStream): void {
    this.#fins.delete(stream.id);
  }

  /** When to call `repeatFins`, as of now. */
  finsDueAt(now: number): number {
    return this.#fins.dueAt(now);
  }

  repeatFins(quic: NativeConnection, now: number): void {
    this.#fins.repeat(quic, now);
  }

  done(stream: QuicheStream): void {
    this.#streams.delete(stream.id);
    this.#watched.delete(stream);
  }

  /**
   * Opens the next stream. quiche makes a stream at the first call that names it. Setting the priority
   * is the only such call that sends nothing.
   */
  #tryOpen(quic: NativeConnection): Stream | undefined {
    if (quic.peerStreamsLeftBidi() === 0) return undefined;
    const id = this.#nextOwn;
    quic.streamPriority(id, URGENCY, INCREMENTAL);
    this.#nextOwn += STEP;
    return this.#add(id);
  }

  /**
   * Looks for streams that the peer has opened. Asking for an ID costs 0.2 µs. quiche's list of
   * readable streams costs a hundred times as much, and leaks memory.
   */
  #discover(quic: NativeConnection): void {
    for (const id of this.#skipped) {
      if (this.#unaccepted.length === this.#maxStreams) return;
      if (!quic.streamReadable(id)) continue;
      this.#skipped.delete(id);
      this.#take(id);
    }
    const end = this.#nextPeer + STEP * this.#maxStreams;
    for (let id = this.#nextPeer; id < end; id += STEP) {
      if (this.#unaccepted.length === this.#maxStreams) return;
      if (!quic.streamReadable(id)) continue;
      for (let lower = this.#nextPeer; lower < id; lower += STEP) this.#skip(lower);
      this.#nextPeer = id + STEP;
      this.#take(id);
    }
  }

  /** Remembers a skipped ID; drops the oldest if there are more than may be open at once. */
  #skip(id: number): void {
    this.#skipped.add(id);
    if (this.#skipped.size <= this.#maxStreams) return;
    for (const oldest of this.#skipped) {
      this.#skipped.delete(oldest);
      return;
    }
  }

  #take(id: number): void {
    const stream = this.#add(id);
    const accept = this.#acceptors.shift();
    if (accept !== undefined) accept(stream);
    else this.#unaccepted.push(stream);
  }

  #add(id: number): QuicheStream {
    const stream = new QuicheStream(this.#host, this, id);
    this.#streams.set(id, stream);
    return stream;
  }
}
