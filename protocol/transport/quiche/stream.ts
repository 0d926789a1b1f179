/** One stream on quiche: two halves that end separately, and the reset that ends both. */
import { CLOSE_NONE, type Stream, StreamError } from "../transport.ts";
import { codeOf, type NativeConnection, SHUTDOWN_READ, SHUTDOWN_WRITE } from "./native.ts";
import { ReceiveHalf } from "./receive_half.ts";
import { SendHalf } from "./send_half.ts";
import type { StreamHost } from "./stream_host.ts";

/** What a stream tells its table. */
export interface StreamOwner {
  /** Call `flush` before the connection sends. */
  gathered(stream: QuicheStream): void;
  /** Call `retry` for each datagram that arrives, as long as `waits`. */
  watch(stream: QuicheStream): void;
  /** quiche was given FIN. */
  finished(stream: QuicheStream): void;
  /** The stream was reset here. */
  wasReset(stream: QuicheStream): void;
  /** Both halves have ended: make no more calls. */
  done(stream: QuicheStream): void;
}

export class QuicheStream implements Stream {
  readonly id: number;
  readonly #host: StreamHost;
  readonly #owner: StreamOwner;
  readonly #incoming: ReceiveHalf;
  readonly #outgoing: SendHalf;

  constructor(host: StreamHost, owner: StreamOwner, id: number) {
    this.id = id;
    this.#host = host;
    this.#owner = owner;
    this.#incoming = new ReceiveHalf(host, id, (code) => this.#receivedAll(code));
    this.#outgoing = new SendHalf(host, id, {
      gathered: () => owner.gathered(this),
      blocked: () => owner.watch(this),
      finished: () => owner.finished(this),
      over: () => this.#sentAll(),
    });
  }

  read(): Promise<Uint8Array | null> {
    return this.#incoming.read();
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#outgoing.write(chunk);
  }

  end(): Promise<void> {
    return this.#outgoing.end();
  }

  reset(code: number): void {
    const { quic } = this.#host;
    if (quic === undefined || (this.#incoming.over && this.#outgoing.over)) return;
    if (!this.#incoming.over) shutDown(quic, this.id, SHUTDOWN_READ, code);
    // After FIN too: bytes that have not arrived are given up.
    shutDown(quic, this.id, SHUTDOWN_WRITE, code);
    this.#host.touch();
    this.#owner.wasReset(this);
    this.fail(new StreamError(code, `Stream ${this.id} was reset here (${code})`));
    this.#owner.done(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.reset(CLOSE_NONE);
    return Promise.resolve();
  }

  /** Gives quiche what small writes have gathered, and FIN. */
  flush(): void {
    this.#outgoing.flush();
  }

  /** Data for this stream has arrived. */
  deliver(): void {
    this.#incoming.deliver();
  }

  /** A datagram has arrived: it may give credit, or say that the peer has stopped reading. */
  retry(): void {
    if (this.#outgoing.blocked) this.#outgoing.push();
    else this.#outgoing.look();
  }

  /** Whether a write waits for credit. */
  get blocked(): boolean {
    return this.#outgoing.blocked;
  }

  /** Whether `retry` is needed, for credit or to notice that the peer has stopped reading. */
  get waits(): boolean {
    return this.blocked || (this.#incoming.over && !this.#outgoing.over);
  }

  /** Ends both halves, if they have not ended. */
  fail(error: Error): void {
    this.#incoming.fail(error);
    this.#outgoing.fail(error);
  }

  /** The peer's FIN or reset has come. */
  #receivedAll(resetCode: number | undefined): void {
    // If the peer stops reading with the same datagram, quiche has forgotten the stream by now, and
    // would refuse writes without saying why.
    if (resetCode !== undefined) this.#outgoing.look(resetCode);
    if (this.#outgoing.over) this.#owner.done(this);
    else this.#owner.watch(this);
  }

  #sentAll(): void {
    if (this.#incoming.over) this.#owner.done(this);
  }
}

/** Shuts down one direction, unless quiche has already forgotten the stream. */
function shutDown(quic: NativeConnection, id: number, direction: number, code: number): void {
  try {
    quic.streamShutdown(id, direction, code);
  } catch (error) {
    if (codeOf(error, "InvalidStreamState") === undefined) throw error;
  }
}
