/**
 * The client's end of a stream that takes a file to the server. Pure and driven, like the session:
 *
 * 1. Write `request`, and leave the sending side open.
 * 2. `handleBody` for each body that comes. After `ready`: write the frames that `chunk` makes of
 *    the file's bytes from `offset` on, one after the other, each followed by `handleWritten`, until
 *    `left` is 0; then end the sending side. Bodies may come meanwhile: an error ends it all.
 * 3. `stored` and `failed` are the last. The stream's end is `handleEnd`, what its decoder throws
 *    `handleFault`; `deadline()` is when to call `handleTimeout`.
 *
 * What breaks off can be taken up again: the same `file`, on a new stream, here or on another
 * connection. `ready` says how much is there.
 */
import { parseServerFrame } from "../codec.ts";
import { ProtocolError } from "../errors.ts";
import type { ClientFrames, ServerFrame } from "../frame.ts";
import { LIMITS, TIMES } from "../limits.ts";

export type UploadOutput =
  /** Everything before `offset` is there; it may be the whole file. */
  | { readonly type: "ready"; readonly offset: number }
  | { readonly type: "stored" }
  /** It did not get there. `message` may be the server's: not trusted. */
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  | { readonly type: "ignore" };

export class ClientUpload {
  readonly request: ClientFrames["upload"];
  /** When the server last said something, or took something. */
  #heard: number;
  /** Bytes that are still to be sent; `undefined` until the server is ready. */
  #left: number | undefined;

  constructor(request: ClientFrames["upload"], now: number) {
    this.request = request;
    this.#heard = now;
  }

  /** Bytes that are still to be sent; all of them, as long as the server has not said more. */
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

  /** The transport took a chunk. */
  handleWritten(now: number): void {
    this.#heard = now;
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
    this.#heard = now;
    switch (frame.type) {
      case "ready":
        if (this.#left !== undefined) return { type: "ignore" };
        if (frame.offset > this.request.size) return this.handleFault(nonsense());
        this.#left = this.request.size - frame.offset;
        return { type: "ready", offset: frame.offset };
      case "stored":
        return this.#left === 0 ? { type: "stored" } : this.handleFault(nonsense());
      case "error":
        return { type: "failed", code: frame.code, message: frame.message };
      default:
        return { type: "ignore" };
    }
  }

  /** The server has ended the stream without a word. */
  handleEnd(): UploadOutput {
    return this.handleFault(new ProtocolError("unfinished_file"));
  }

  handleFault(fault: ProtocolError): UploadOutput {
    return { type: "failed", code: fault.code, message: fault.message };
  }

  deadline(): number {
    return this.#heard + TIMES.answer;
  }

  handleTimeout(now: number): UploadOutput | undefined {
    if (now < this.deadline()) return undefined;
    return this.handleFault(new ProtocolError("silence"));
  }
}

function nonsense(): ProtocolError {
  return new ProtocolError("bad_frame", "The server says that it has what was never sent.");
}
