/**
 * One direction of a stream: bytes on their way and bytes that wait to be read. It keeps the
 * contract of `protocol/transport/transport.ts` on order, back-pressure and failures.
 */

/** Carries a packet to the other end, after those that were sent before it. */
type Carry = (deliver: () => void) => void;

export class Pipe {
  readonly #carry: Carry;
  readonly #window: number;
  readonly #arrived: Uint8Array[] = [];
  /** Bytes that were written and not read. */
  #unread = 0;
  #ended = false;
  #finArrived = false;
  #readFailure: Error | undefined;
  #writeFailure: Error | undefined;
  #readable = Promise.withResolvers<void>();
  #writable = Promise.withResolvers<void>();

  constructor(carry: Carry, window: number) {
    this.#carry = carry;
    this.#window = window;
  }

  /** Neither direction of the pipe has anything left to do. */
  get isOver(): boolean {
    return this.#readFailure !== undefined || (this.#finArrived && this.#arrived.length === 0);
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#writeFailure) throw this.#writeFailure;
    if (this.#ended) throw new TypeError("Cannot write to a stream after its end");
    const bytes = chunk.slice();
    this.#unread += bytes.length;
    this.#carry(() => {
      this.#arrived.push(bytes);
      this.#wakeReader();
    });
    while (this.#unread > this.#window && this.#writeFailure === undefined) {
      await this.#writable.promise;
    }
    if (this.#writeFailure) throw this.#writeFailure;
  }

  end(): void {
    if (this.#ended || this.#writeFailure) return;
    this.#ended = true;
    this.#carry(() => {
      this.#finArrived = true;
      this.#wakeReader();
    });
  }

  async read(): Promise<Uint8Array | null> {
    while (true) {
      if (this.#readFailure) throw this.#readFailure;
      const chunk = this.#arrived.shift();
      if (chunk !== undefined) {
        this.#unread -= chunk.length;
        this.#wakeWriter();
        return chunk;
      }
      if (this.#finArrived) return null;
      await this.#readable.promise;
    }
  }

  failReading(failure: Error): void {
    this.#readFailure ??= failure;
    this.#wakeReader();
  }

  failWriting(failure: Error): void {
    this.#writeFailure ??= failure;
    this.#wakeWriter();
  }

  #wakeReader(): void {
    this.#readable.resolve();
    this.#readable = Promise.withResolvers();
  }

  #wakeWriter(): void {
    this.#writable.resolve();
    this.#writable = Promise.withResolvers();
  }
}
