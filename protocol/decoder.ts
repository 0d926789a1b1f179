/**
 * Turns chunks into whole frame bodies. It reads the 4-byte length of each frame, and nothing inside
 * the body (`codec.ts`).
 *
 * 1. A length of 0, or over the limit, MUST be refused before any byte of the body is kept.
 * 2. It MUST hold at most one frame, and at most twice the memory that the received part needs: a
 *    peer that announces 64 KiB and sends nothing costs nothing.
 * 3. A body that lies within one chunk is a view of that chunk, not a copy. So chunks MUST NOT be
 *    changed afterwards (`transport.ts`: the reader owns them).
 * 4. After it has thrown it MUST throw the same error again: the stream has lost its framing.
 */
import { assert } from "./assert.ts";
import { ProtocolError } from "./errors.ts";
import { LIMITS } from "./limits.ts";

/** The length of a frame is stored in this many bytes before the body. */
export const LENGTH_BYTES = 4;
/** The buffer for a body in several pieces starts at this size and doubles. */
const FIRST_ALLOCATION = 1024;

export class FrameDecoder {
  readonly #limit: number;
  /** The length as far as it was received, and how many of its bytes were. */
  #length = 0;
  #lengthBytes = 0;
  /** The received part of a body that spans several chunks. */
  #body = new Uint8Array(0);
  #filled = 0;
  #pushing = false;
  #failure: ProtocolError | undefined;

  constructor(limit: number = LIMITS.frame) {
    this.#limit = limit;
  }

  /**
   * Yields the bodies that this chunk completes, one at a time, so that bodies before a fault are
   * still handled. It MUST be run to its end before the next `push`.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    if (this.#pushing) throw new Error("Cannot push: the last chunk has not been read to its end");
    if (this.#failure) throw this.#failure;
    this.#pushing = true;
    let at = 0;
    while (at < chunk.length) {
      if (this.#lengthBytes < LENGTH_BYTES) {
        at += this.#readLength(chunk.subarray(at, at + LENGTH_BYTES - this.#lengthBytes));
        continue;
      }
      const missing = this.#length - this.#filled;
      assert(missing > 0, "a decoder waits for the rest of a frame");
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

  /** The stream has ended. Throws `frame_truncated` if that was inside a frame. */
  end(): void {
    if (this.#failure) throw this.#failure;
    if (this.#lengthBytes > 0) throw this.#fail(new ProtocolError("frame_truncated"));
  }

  #readLength(piece: Uint8Array): number {
    // Multiplied, not shifted: a shift makes lengths over 2^31 negative.
    for (const byte of piece) this.#length = this.#length * 256 + byte;
    this.#lengthBytes += piece.length;
    if (this.#lengthBytes === LENGTH_BYTES) this.#checkLength();
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
    assert(filled <= this.#length, "a decoder keeps no bytes beyond the frame");
    if (filled > this.#body.length) {
      const grown = Math.max(filled, 2 * this.#body.length, FIRST_ALLOCATION);
      // `transfer` frees the old memory at once, without waiting for garbage collection.
      this.#body = new Uint8Array(this.#body.buffer.transfer(Math.min(this.#length, grown)));
    }
    this.#body.set(piece, this.#filled);
    this.#filled = filled;
    return this.#body;
  }

  #reset(): void {
    this.#length = 0;
    this.#lengthBytes = 0;
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
