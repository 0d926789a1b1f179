/**
 * The client's end of a transfer stream that sends a file. Pure; the caller drives it:
 *
 * 1. Write `request`, and leave the sending side open.
 * 2. Call `handleBody` for each body. After `ready`, make frames of the file's bytes from `offset` on
 *    with `chunk`, write each, and call `handleWritten` after each, until `left` is 0. Then end the
 *    sending side. Bodies may arrive meanwhile: an error ends the upload.
 * 3. `stored` and `failed` are the last outputs. Call `handleEnd` at the stream's end, `handleFault`
 *    with what its decoder throws, and `handleTimeout` at `deadline()`.
 *
 * An upload that breaks off can continue with the same `file` on a new stream, on this or another
 * connection. `ready` says how many bytes the server has.
 */
import { parseServerFrame } from "../codec.ts";
import { ProtocolError } from "../errors.ts";
import type { ClientFrames, ServerFrame } from "../frame.ts";
import { LIMITS, TIMES } from "../limits.ts";

type UploadOutput =
  /** The server has everything before `offset`, which may be the whole file. */
  | { readonly type: "ready"; readonly offset: number }
  | { readonly type: "stored" }
  /** The upload failed. `message` may be the server's: not trusted. */
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  | { readonly type: "ignore" };

export class ClientUpload {
  readonly request: ClientFrames["upload"];
  /** When the server last sent something, or the transport last accepted a chunk. */
  #activeAt: number;
  /** Bytes to send; `undefined` until the server is ready. */
  #left: number | undefined;

  constructor(request: ClientFrames["upload"], now: number) {
    this.request = request;
    this.#activeAt = now;
  }

  /** Bytes to send: all of them until the server says how many it has. */
  get left(): number {
    return this.#left ?? this.request.size;
  }

  /** The frame for the next bytes of the file, at most `LIMITS.chunk` of them. */
  chunk(bytes: Uint8Array): ClientFrames["chunk"] {
    if (this.#left === undefined) throw new Error("Cannot send a chunk: the server is not ready");
    const { length } = bytes;
    if (length === 0 || length > Math.min(this.#left, LIMITS.chunk)) {
      throw new RangeError(`Cannot send a chunk of ${length} bytes: ${this.#left} are left`);
    }
    this.#left -= length;
    return { type: "chunk", bytes };
  }

  /** The transport has accepted a chunk. */
  handleWritten(now: number): void {
    this.#activeAt = now;
  }

  handleBody(body: Uint8Array, now: number): UploadOutput {
    try {
      return this.handleFrame(parseServerFrame(body), now);
    } catch (fault) {
      if (!(fault instanceof ProtocolError)) throw fault;
      return fault.code === "unknown_type" ? { type: "ignore" } : this.handleFault(fault);
    }
  }

  handleFrame(frame: ServerFrame, now: number): UploadOutput {
    this.#activeAt = now;
    switch (frame.type) {
      case "ready":
        if (this.#left !== undefined) return { type: "ignore" };
        if (frame.offset > this.request.size) return this.handleFault(notSent());
        this.#left = this.request.size - frame.offset;
        return { type: "ready", offset: frame.offset };
      case "stored":
        return this.#left === 0 ? { type: "stored" } : this.handleFault(notSent());
      case "error":
        return { type: "failed", code: frame.code, message: frame.message };
      default:
        return { type: "ignore" };
    }
  }

  /** The server ended the stream without `stored` or `error`. */
  handleEnd(): UploadOutput {
    return this.handleFault(new ProtocolError("unfinished_file"));
  }

  handleFault(fault: ProtocolError): UploadOutput {
    return { type: "failed", code: fault.code, message: fault.message };
  }

  deadline(): number {
    return this.#activeAt + TIMES.answer;
  }

  handleTimeout(now: number): UploadOutput | undefined {
    if (now < this.deadline()) return undefined;
    return this.handleFault(new ProtocolError("silence"));
  }
}

function notSent(): ProtocolError {
  return new ProtocolError("bad_frame", "The server claims to have bytes that were not sent.");
}
