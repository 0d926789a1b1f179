/**
 * Numbered messages that go from one end of a stream to the other without a pause, and are checked as
 * they arrive: none may be lost, doubled or out of order. It does not end the stream, since an end
 * may get lost (`tests/protocol/transport/quiche/engine_faults_test.ts`).
 */
import { type Stream, TransportError } from "../../../../protocol/transport/transport.ts";

import { within } from "../../../helpers/within.ts";

/** More than one number, so that many messages do not fit into a datagram. */
const MESSAGE_LENGTH = 64;

export class NumberFlow {
  readonly #from: Stream;
  readonly #to: Stream;
  readonly #writing: Promise<void>;
  readonly #reading: Promise<void>;
  #isStopped = false;
  #sent = 0;
  #received = 0;
  #progress = Promise.withResolvers<void>();

  constructor(from: Stream, to: Stream) {
    this.#from = from;
    this.#to = to;
    this.#writing = this.#write();
    this.#reading = this.#read();
    this.#reading.catch((error) => this.#progress.reject(error));
  }

  /** Waits until a message has arrived that was sent after this call. */
  nextArrives(): Promise<void> {
    return within(this.#arrives(this.#sent + 1), "a message");
  }

  /** Sends nothing more, and waits until all that was sent has arrived. */
  async finish(): Promise<void> {
    this.#isStopped = true;
    await this.#writing;
    await within(this.#arrives(this.#sent), "the last message");
  }

  async #arrives(count: number): Promise<void> {
    while (this.#received < count) await this.#progress.promise;
  }

  async #write(): Promise<void> {
    while (!this.#isStopped) {
      const message = new Uint8Array(MESSAGE_LENGTH);
      new DataView(message.buffer).setUint32(0, this.#sent);
      await this.#from.write(message);
      this.#sent++;
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  async #read(): Promise<void> {
    let rest = new Uint8Array();
    while (true) {
      const chunk = await this.#to.read().catch(nullIfClosed);
      if (chunk === null) return;
      const bytes = new Uint8Array(rest.length + chunk.length);
      bytes.set(rest);
      bytes.set(chunk, rest.length);
      let at = 0;
      for (; at + MESSAGE_LENGTH <= bytes.length; at += MESSAGE_LENGTH) {
        const number = new DataView(bytes.buffer).getUint32(at);
        if (number !== this.#received) {
          throw new Error(`Message ${number} came in the place of ${this.#received}`);
        }
        this.#received++;
      }
      rest = bytes.slice(at);
      this.#progress.resolve();
      this.#progress = Promise.withResolvers();
    }
  }
}

function nullIfClosed(error: unknown): null {
  if (error instanceof TransportError && error.code === "closed") return null;
  throw error;
}
