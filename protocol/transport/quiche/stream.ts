/** One stream on quiche: its two halves, which end one by one, and the reset that ends both. */
import { CLOSE_NONE, type Stream, StreamError } from "../transport.ts";
import { codeOf, type NativeConnection, SHUTDOWN_READ, SHUTDOWN_WRITE } from "./native.ts";
import { ReceiveHalf } from "./receive_half.ts";
import { SendHalf } from "./send_half.ts";
import type { StreamHost } from "./stream_host.ts";

/** What a stream tells the table that it is in. */
export interface StreamOwner {
  /** Small writes were gathered: call `flush` before the connection next sends. */
  gathered(stream: QuicheStream): void;
  /** Call `retry` with each datagram that comes, as long as `waits`. */
  watch(stream: QuicheStream): void;
  /** Both halves are over: no more calls for this stream. */
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
    // Also after FIN: what has not arrived by now is not meant to arrive any more.
    shutDown(quic, this.id, SHUTDOWN_WRITE, code);
    this.#host.touch();
    this.fail(new StreamError(code, `Stream ${this.id} was reset here (${code})`));
    this.#owner.done(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.reset(CLOSE_NONE);
    return Promise.resolve();
  }

  /** Hands quiche what small writes have gathered. */
  flush(): void {
    this.#outgoing.flush();
  }

  /** Something has come for this stream. */
  deliver(): void {
    this.#incoming.deliver();
  }

  /** Something has come that may make room, or tell that the peer has stopped reading. */
  retry(): void {
    if (this.#outgoing.blocked) this.#outgoing.push();
    else this.#outgoing.look();
  }

  /** Whether something waits for room. */
  get blocked(): boolean {
    return this.#outgoing.blocked;
  }

  /** Whether `retry` is needed: for room, or since nothing else shows whether the peer reads. */
  get waits(): boolean {
    return this.blocked || (this.#incoming.over && !this.#outgoing.over);
  }

  /** Ends what has not ended. */
  fail(error: Error): void {
    this.#incoming.fail(error);
    this.#outgoing.fail(error);
  }

  /** The peer's FIN or reset has come. */
  #receivedAll(resetCode: number | undefined): void {
    // A peer that stops reading with the same datagram has ended the stream: quiche has forgotten
    // it by now, and would take no writes without saying why.
    if (resetCode !== undefined) this.#outgoing.look(resetCode);
    if (this.#outgoing.over) this.#owner.done(this);
    else this.#owner.watch(this);
  }

  #sentAll(): void {
    if (this.#incoming.over) this.#owner.done(this);
  }
}

/** What quiche has already let go of needs no shutting down. */
function shutDown(quic: NativeConnection, id: number, direction: number, code: number): void {
  try {
    quic.streamShutdown(id, direction, code);
  } catch (error) {
    if (codeOf(error, "InvalidStreamState") === undefined) throw error;
  }
}
