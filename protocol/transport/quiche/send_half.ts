/**
 * The sending half of a stream. It gathers small writes until the connection sends, since each call
 * into quiche costs almost a microsecond and an allocation. Larger writes go to quiche at once.
 */
import { CLOSE_NONE, StreamError } from "../transport.ts";
import { codeOf } from "./native.ts";
import type { StreamHost } from "./stream_host.ts";

/** What this half tells its stream. */
interface SendEvents {
  /** Call `flush` before the connection sends. */
  gathered(): void;
  /** quiche had no room: call `push` when a datagram has arrived. */
  blocked(): void;
  /** quiche has FIN. */
  finished(): void;
  /** quiche has FIN, or the peer has stopped reading. */
  over(): void;
}

/** A chunk that quiche had no room for, or only for a part. */
interface Writer {
  readonly chunk: Uint8Array;
  taken: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The longest write that is gathered, and how many bytes are gathered in all. */
const SMALL = 1024;
const CAPACITY = 4096;
/** Unused buffers that are kept (4 MB). */
const MAX_SPARE = 1024;

/** The promise of every write that is taken at once. */
const TAKEN: Promise<void> = Promise.resolve();
const NOTHING = new Uint8Array(0);

export class SendHalf {
  readonly #host: StreamHost;
  readonly #id: number;
  readonly #events: SendEvents;
  /** The bytes of small writes, from `#pushed` to `#filled`. */
  #gathered: Uint8Array | undefined;
  #pushed = 0;
  #filled = 0;
  #writer: Writer | undefined;
  /** What `end` returned: resolved when quiche has FIN, or cannot take it. */
  #ending: PromiseWithResolvers<void> | undefined;
  #finSent = false;
  /** Whether quiche had no room for the last push. */
  #isBlocked = false;
  /** Why nothing more can be written, if not because of `end`. */
  #error: Error | undefined;

  constructor(host: StreamHost, id: number, events: SendEvents) {
    this.#host = host;
    this.#id = id;
    this.#events = events;
  }

  get over(): boolean {
    return this.#finSent || this.#error !== undefined;
  }

  get blocked(): boolean {
    return this.#isBlocked && !this.over;
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ending !== undefined || this.#writer !== undefined) {
      const reason = this.#ending ? "it has ended" : "a write is pending";
      return Promise.reject(new TypeError(`Cannot write stream ${this.#id}: ${reason}`));
    }
    if (this.#host.quic === undefined) return Promise.reject(this.#host.ended());
    let taken = 0;
    try {
      if (chunk.length <= SMALL && this.#gather(chunk)) return TAKEN;
      if (this.#pushGathered()) taken = this.#send(chunk, false);
    } catch (error) {
      this.#stop(error as Error);
      return Promise.reject(error);
    }
    if (taken === chunk.length) return TAKEN;
    return new Promise((resolve, reject) => {
      this.#writer = { chunk, taken, resolve, reject };
      this.#block();
    });
  }

  end(): Promise<void> {
    if (this.#ending === undefined) {
      this.#ending = Promise.withResolvers();
      if (this.#error !== undefined) this.#ending.resolve();
      else this.#scheduleFlush();
    }
    return this.#ending.promise;
  }

  /**
   * The connection is about to send. quiche gets FIN only now: if all data is acknowledged while
   * quiche has FIN but has not sent it, quiche forgets the stream, and FIN with it.
   */
  flush(): void {
    this.push();
    if (this.#ending === undefined || this.#isBlocked || this.over) return;
    try {
      this.#send(NOTHING, true);
    } catch (error) {
      return this.#stop(error as Error);
    }
    if (!this.#finSent) return this.#block();
    this.#ending.resolve();
    this.#events.finished();
    this.#events.over();
  }

  /** Gives quiche what there is, in order, as far as it has room. */
  push(): void {
    if (this.over) return;
    const wasBlocked = this.#isBlocked;
    try {
      this.#isBlocked = !this.#pushAll();
      if (this.#isBlocked) this.#block();
      else if (wasBlocked && this.#ending !== undefined) this.#scheduleFlush();
    } catch (error) {
      this.#stop(error as Error);
    }
  }

  /** Notices if the peer has stopped reading. `forgotten`: the code, if quiche has lost it. */
  look(forgotten = CLOSE_NONE): void {
    if (this.over) return;
    try {
      this.#host.quic?.streamCapacity(this.#id);
    } catch (error) {
      this.#stop(this.#meaning(error, forgotten));
    }
  }

  /** Ends this half, if it has not ended. */
  fail(error: Error): void {
    if (!this.over) this.#error = error;
    this.#releaseBuffer();
    this.#writer?.reject(error);
    this.#writer = undefined;
    this.#ending?.resolve();
  }

  /** The peer has stopped reading, or the connection has ended. */
  #stop(error: Error): void {
    this.fail(error);
    this.#events.over();
  }

  #scheduleFlush(): void {
    this.#events.gathered();
    this.#host.touch();
  }

  #block(): void {
    this.#isBlocked = true;
    this.#events.blocked();
  }

  /** Gathers a small chunk. Returns `false` if there is no room. */
  #gather(chunk: Uint8Array): boolean {
    // Writes must stay in order.
    if (this.#isBlocked) return false;
    if (this.#filled + chunk.length > CAPACITY && !this.#pushGathered()) return false;
    if (this.#gathered === undefined) {
      this.#gathered = this.#host.spare.pop() ?? new Uint8Array(CAPACITY);
      this.#scheduleFlush();
    }
    this.#gathered.set(chunk, this.#filled);
    this.#filled += chunk.length;
    return true;
  }

  /** Whether quiche has taken everything except FIN. */
  #pushAll(): boolean {
    if (!this.#pushGathered()) return false;
    const writer = this.#writer;
    if (writer !== undefined) {
      writer.taken += this.#send(writer.chunk.subarray(writer.taken), false);
      if (writer.taken < writer.chunk.length) return false;
      this.#writer = undefined;
      writer.resolve();
    }
    return true;
  }

  #pushGathered(): boolean {
    if (this.#gathered === undefined) return true;
    this.#pushed += this.#send(this.#gathered.subarray(this.#pushed, this.#filled), false);
    if (this.#pushed < this.#filled) return false;
    this.#releaseBuffer();
    return true;
  }

  /** Returns the buffer. */
  #releaseBuffer(): void {
    const { spare } = this.#host;
    if (this.#gathered !== undefined && spare.length < MAX_SPARE) spare.push(this.#gathered);
    this.#gathered = undefined;
    this.#pushed = this.#filled = 0;
  }

  /** Gives quiche bytes, and returns how many it has taken. */
  #send(bytes: Uint8Array, fin: boolean): number {
    const { quic } = this.#host;
    if (quic === undefined) throw this.#host.ended();
    let taken: number | null;
    try {
      taken = quic.streamSend(this.#id, bytes, fin);
    } catch (error) {
      throw this.#meaning(error, CLOSE_NONE);
    }
    this.#host.wrote(this.#id);
    if (taken === null) return 0;
    this.#finSent = fin;
    return taken;
  }

  #meaning(error: unknown, forgotten: number): Error {
    const code = codeOf(error, "StreamStopped") ?? forgotten;
    return new StreamError(code, `Stream ${this.#id} is no longer read by the peer (${code})`);
  }
}
