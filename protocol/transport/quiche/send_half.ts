/**
 * The half of a stream that writes. Small writes are gathered until the connection next sends, for
 * each call into quiche costs most of a microsecond and an allocation; all else goes straight in.
 */
import { CLOSE_NONE, StreamError } from "../transport.ts";
import { codeOf } from "./native.ts";
import type { StreamHost } from "./stream_host.ts";

/** What the stream must know of this half. */
interface SendEvents {
  /** There is something to push before the connection next sends. */
  gathered(): void;
  /** There was no room: push again when a datagram has come. */
  blocked(): void;
  /** FIN is sent, or the peer has stopped reading. */
  over(): void;
}

/** A chunk of which a part still waits for room. */
interface Writer {
  readonly chunk: Uint8Array;
  taken: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Writes up to this length are gathered, up to this many bytes in all. */
const SMALL = 1024;
const CAPACITY = 4096;
/** Buffers that are kept when nobody gathers (4 MB). */
const MAX_SPARE = 1024;

/** All writes that are taken at once share this promise. */
const TAKEN: Promise<void> = Promise.resolve();
const NOTHING = new Uint8Array(0);

export class SendHalf {
  readonly #host: StreamHost;
  readonly #id: number;
  readonly #events: SendEvents;
  /** What small writes have left, from `#pushed` to `#filled`. */
  #gathered: Uint8Array | undefined;
  #pushed = 0;
  #filled = 0;
  #writer: Writer | undefined;
  /** `end` was called, and what it returned: settled once FIN is sent or cannot be. */
  #ending: PromiseWithResolvers<void> | undefined;
  #finSent = false;
  /** Whether the last push found no room. */
  #stuck = false;
  /** Why nothing more can be written, where it is not for our FIN. */
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
    return this.#stuck && !this.over;
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
      this.#stick();
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
   * The connection is about to send. Only now quiche gets FIN: if it had FIN but had not sent it when
   * all data is acknowledged, it would forget the stream, and FIN with it.
   */
  flush(): void {
    this.push();
    if (this.#ending === undefined || this.#stuck || this.over) return;
    try {
      this.#send(NOTHING, true);
    } catch (error) {
      return this.#stop(error as Error);
    }
    if (!this.#finSent) return this.#stick();
    this.#ending.resolve();
    this.#events.over();
  }

  /** Hands quiche what there is, in order, as far as there is room. */
  push(): void {
    if (this.over) return;
    const wasStuck = this.#stuck;
    try {
      this.#stuck = !this.#pushAll();
      if (this.#stuck) this.#stick();
      else if (wasStuck && this.#ending !== undefined) this.#scheduleFlush();
    } catch (error) {
      this.#stop(error as Error);
    }
  }

  /** Finds out whether the peer has stopped reading, by a code that quiche may have forgotten. */
  look(forgotten = CLOSE_NONE): void {
    if (this.over) return;
    try {
      this.#host.quic?.streamCapacity(this.#id);
    } catch (error) {
      this.#stop(this.#meaning(error, forgotten));
    }
  }

  /** Ends it, unless it has ended. */
  fail(error: Error): void {
    if (!this.over) this.#error = error;
    this.#letGo();
    this.#writer?.reject(error);
    this.#writer = undefined;
    this.#ending?.resolve();
  }

  /** The peer has stopped reading. */
  #stop(error: Error): void {
    this.fail(error);
    this.#events.over();
  }

  #scheduleFlush(): void {
    this.#events.gathered();
    this.#host.touch();
  }

  #stick(): void {
    this.#stuck = true;
    this.#events.blocked();
  }

  /** Keeps a small chunk until the next push; `false`: there is no room for it. */
  #gather(chunk: Uint8Array): boolean {
    // Nothing overtakes what waits.
    if (this.#stuck) return false;
    if (this.#filled + chunk.length > CAPACITY && !this.#pushGathered()) return false;
    if (this.#gathered === undefined) {
      this.#gathered = this.#host.spare.pop() ?? new Uint8Array(CAPACITY);
      this.#scheduleFlush();
    }
    this.#gathered.set(chunk, this.#filled);
    this.#filled += chunk.length;
    return true;
  }

  /** Whether everything has been taken, FIN apart. */
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
    this.#letGo();
    return true;
  }

  /** Gives the buffer back. */
  #letGo(): void {
    const { spare } = this.#host;
    if (this.#gathered !== undefined && spare.length < MAX_SPARE) spare.push(this.#gathered);
    this.#gathered = undefined;
    this.#pushed = this.#filled = 0;
  }

  /** How many bytes quiche has taken. */
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
    return new StreamError(code, `Stream ${this.#id} is not read by the peer any more (${code})`);
  }
}
