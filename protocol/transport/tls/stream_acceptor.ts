/** The server's role in a connection over TLS: it bounds the streams that the client opens. */
import { assert } from "../../assert.ts";
import { TransportError } from "../transport.ts";
import { type Capsule, FAULT, Fault, ID_STEP } from "./capsules.ts";
import type { OpenedStream, StreamRole } from "./connection.ts";

export class StreamAcceptor implements StreamRole {
  readonly name = "server";
  readonly #maxStreams: number;
  /** How many streams the client may open in all, those that are over included. */
  #allowed: number;
  /** The ID after the highest that was used. */
  #nextId = ID_STEP;
  /** Lower IDs that were not used: links overtake each other. At most `maxStreams`. */
  readonly #skipped = new Set<number>();

  constructor(maxStreams: number) {
    this.#maxStreams = maxStreams;
    this.#allowed = maxStreams;
  }

  open(): Promise<OpenedStream> {
    const message = "Over TLS only the client opens streams: a server cannot dial it";
    return Promise.reject(new TransportError("unsupported", message));
  }

  receive({ type }: Capsule): void {
    throw new Fault(FAULT.violation, `${type} came on a connection that is open`);
  }

  claim(id: number): boolean {
    if (id >= this.#allowed * ID_STEP) throw new Fault(FAULT.streamLimit, "too many streams");
    if (id < this.#nextId) return this.#skipped.delete(id);
    for (let lower = this.#nextId; lower < id; lower += ID_STEP) this.#skipped.add(lower);
    this.#nextId = id + ID_STEP;
    assert(this.#skipped.size <= this.#maxStreams, "skipped IDs are bounded by open streams");
    return true;
  }

  streamEnded(): Capsule {
    this.#allowed++;
    return { type: "streams", streams: this.#allowed };
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
