/**
 * Chunks in, whole frame bodies out. It knows the 4-byte length in front of every frame, and
 * nothing of what is inside (`codec.ts`).
 *
 * 1. A length over the limit, or of 0, is refused before a byte of its body is kept.
 * 2. It never holds more than one frame, and memory only for what of it has arrived (twice that at
 *    most): a peer that announces 64 KiB and sends nothing costs nothing.
 * 3. A body that lies whole within its chunk is a view of that chunk, not a copy. Chunks MUST NOT
 *    be changed afterwards (`transport.ts`: they are the reader's to keep).
 * 4. Once it has thrown it throws the same again: the stream has lost its framing for good.
 */
import { ProtocolError } from "./errors.ts";
import { LIMITS } from "./limits.ts";

/** The bytes of the length in front of each frame. */
export const PREFIX = 4;
/** What a body that comes in pieces starts with; it doubles as they arrive. */
const FIRST_ALLOCATION = 1024;

export class FrameDecoder {
  readonly #limit: number;
  /** The length as far as it has come, and how many of its bytes that is. */
  #length = 0;
  #prefixed = 0;
  /** What has come of a body that did not fit into one chunk. */
  #body = new Uint8Array(0);
  #filled = 0;
  #pushing = false;
  #failure: ProtocolError | undefined;

  constructor(limit: number = LIMITS.frame) {
    this.#limit = limit;
  }

  /**
   * Yields the bodies that this chunk completes, one at a time, so that what came before a fault is
   * still heard. It MUST be run to its end before the next `push`.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    if (this.#pushing) throw new Error("Cannot push: the last chunk has not been read to its end");
    if (this.#failure) throw this.#failure;
    this.#pushing = true;
    let at = 0;
    while (at < chunk.length) {
      if (this.#prefixed < PREFIX) {
        at += this.#readPrefix(chunk.subarray(at, at + PREFIX - this.#prefixed));
        continue;
      }
      const missing = this.#length - this.#filled;
      const piece = chunk.subarray(at, at + missing);
      at += piece.length;
      if (piece.length < missing) {
        this.#keep(piece);
        continue;
      }
      const body = this.#filled === 0 ? piece : this.#keep(piece).subarray(0, this.#length);
      this.#reset();
      yield body;
    }
    this.#pushing = false;
  }

  /** The stream has ended. Throws `frame_truncated` when that was inside a frame. */
  end(): void {
    if (this.#failure) throw this.#failure;
    if (this.#prefixed > 0) throw this.#fail(new ProtocolError("frame_truncated"));
  }

  #readPrefix(piece: Uint8Array): number {
    // Multiplied, not shifted: lengths over 2^31 must not turn negative.
    for (const byte of piece) this.#length = this.#length * 256 + byte;
    this.#prefixed += piece.length;
    if (this.#prefixed === PREFIX) this.#checkLength();
    return piece.length;
  }

  #checkLength(): void {
    if (this.#length > this.#limit) throw this.#fail(new ProtocolError("frame_too_large"));
    if (this.#length === 0) {
      throw this.#fail(new ProtocolError("frame_malformed", "A frame has a length of 0."));
    }
  }

  #keep(piece: Uint8Array): Uint8Array {
    const filled = this.#filled + piece.length;
    if (filled > this.#body.length) {
      const grown = Math.max(filled, 2 * this.#body.length, FIRST_ALLOCATION);
      // What it was in before is free at once, not when somebody collects garbage.
      this.#body = new Uint8Array(this.#body.buffer.transfer(Math.min(this.#length, grown)));
    }
    this.#body.set(piece, this.#filled);
    this.#filled = filled;
    return this.#body;
  }

  #reset(): void {
    this.#length = 0;
    this.#prefixed = 0;
    this.#body = new Uint8Array(0);
    this.#filled = 0;
  }

  #fail(failure: ProtocolError): ProtocolError {
    this.#reset();
    this.#pushing = false;
    this.#failure = failure;
    return failure;
  }
}
