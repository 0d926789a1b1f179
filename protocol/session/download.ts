/**
 * The client's end of a stream that brings a file from the server. Pure and driven, like the
 * session: write `request`, end the sending side, then `handleBody` for each body until `end` or
 * `failed`. The stream's end is `handleEnd`, what its decoder throws `handleFault`; `deadline()` is
 * when to call `handleTimeout`.
 *
 * It counts bytes and holds none. `end` says that there are as many as there should be; whether
 * they are the right ones, their hash says. What breaks off is taken up again with a new request,
 * from the number of bytes that are there.
 */
import { parseServerFrame } from "../codec.ts";
import { ProtocolError } from "../errors.ts";
import type { ClientFrames, ServerFrame } from "../frame.ts";
import { TIMES } from "../limits.ts";

export type DownloadOutput =
  /** The next bytes of the file: a view of the body. */
  | { readonly type: "chunk"; readonly bytes: Uint8Array }
  /** All bytes have come. */
  | { readonly type: "end" }
  /** No more will come. `message` may be the server's: not trusted. */
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  | { readonly type: "ignore" };

export class ClientDownload {
  readonly request: ClientFrames["download"];
  #heard: number;
  #left: number;

  /** `size` is the whole file's, `request.offset` of which are there. */
  constructor(request: ClientFrames["download"], size: number, now: number) {
    if (request.offset > size) {
      throw new RangeError(`Cannot ask for what follows ${request.offset} of ${size} bytes`);
    }
    this.request = request;
    this.#heard = now;
    this.#left = size - request.offset;
  }

  /** Bytes that are still to come. */
  get left(): number {
    return this.#left;
  }

  handleBody(body: Uint8Array, now: number): DownloadOutput {
    try {
      return this.handleFrame(parseServerFrame(body), now);
    } catch (fault) {
      if (!(fault instanceof ProtocolError)) throw fault;
      return fault.code === "unknown_type" ? { type: "ignore" } : this.handleFault(fault);
    }
  }

  handleFrame(frame: ServerFrame, now: number): DownloadOutput {
    this.#heard = now;
    switch (frame.type) {
      case "chunk":
        if (frame.bytes.length > this.#left) return this.handleFault(wrongSize());
        this.#left -= frame.bytes.length;
        return { type: "chunk", bytes: frame.bytes };
      case "end":
        return this.#left === 0 ? { type: "end" } : this.handleFault(wrongSize());
      case "error":
        return { type: "failed", code: frame.code, message: frame.message };
      default:
        return { type: "ignore" };
    }
  }

  /** The server has ended the stream without a word. */
  handleEnd(): DownloadOutput {
    return this.handleFault(
      new ProtocolError("unfinished_file", "The stream ended before the file did; ask again."),
    );
  }

  handleFault(fault: ProtocolError): DownloadOutput {
    return { type: "failed", code: fault.code, message: fault.message };
  }

  deadline(): number {
    return this.#heard + TIMES.answer;
  }

  handleTimeout(now: number): DownloadOutput | undefined {
    if (now < this.deadline()) return undefined;
    return this.handleFault(new ProtocolError("silence"));
  }
}

function wrongSize(): ProtocolError {
  return new ProtocolError("damaged_file", "The file does not have the size that was announced.");
}
