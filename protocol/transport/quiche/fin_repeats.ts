/**
 * Gives quiche the FIN of a stream again. quiche forgets a FIN that it gets while it has lost data of
 * the stream to repeat, and some that are lost themselves (docs/decisions/quic.md). It does not show
 * what was acknowledged. So on a connection that has lost something this repeats every FIN a few
 * times. For a stream that is done quiche sends nothing.
 */
import type { NativeConnection } from "./native.ts";

/** Milliseconds before the first, second and third repetition, each from the one before. */
const WAITS = [100, 400, 1_600] as const;
/** Streams to remember. Further ones are not repeated. */
const MOST = 256;
const NOTHING = new Uint8Array(0);

interface Ended {
  /** When the next repetition is due; `undefined`: it has just ended. */
  due: number | undefined;
  repeated: number;
}

export class FinRepeats {
  /** By the ID of the stream. */
  readonly #ended = new Map<number, Ended>();

  /** quiche was given the FIN of a stream. */
  add(quic: NativeConnection, id: number): void {
    if (this.#ended.size >= MOST || quic.stats().lost === 0) return;
    this.#ended.set(id, { due: undefined, repeated: 0 });
  }

  /** The stream was reset. */
  delete(id: number): void {
    this.#ended.delete(id);
  }

  /** When to call `repeat`, as of now. */
  dueAt(now: number): number {
    let earliest = Infinity;
    for (const ended of this.#ended.values()) {
      ended.due ??= now + WAITS[0];
      earliest = Math.min(earliest, ended.due);
    }
    return earliest;
  }

  /** Repeats what is due. */
  repeat(quic: NativeConnection, now: number): void {
    for (const [id, ended] of this.#ended) {
      if (ended.due === undefined || ended.due > now) continue;
      const wait = WAITS[++ended.repeated];
      if (wait === undefined) this.#ended.delete(id);
      else ended.due = now + wait;
      try {
        quic.streamSend(id, NOTHING, true);
      } catch {
        this.#ended.delete(id); // The stream is done, or the peer has stopped reading.
      }
    }
  }
}
