/**
 * The client's end of a transfer stream that fetches a file. Pure; the caller drives it: write
 * `request`, end the sending side, then call `handleBody` for each body until `end` or `failed`.
 * Call `handleEnd` at the stream's end, `handleFault` with what its decoder throws, and
 * `handleTimeout` at `deadline()`.
 *
 * It counts bytes and keeps none. `end` means that their number is right; the caller checks the
 * hash. A transfer that breaks off continues with a new request, from the number of bytes received.
 */
import { parseServerFrame } from "../codec.ts";
import { ProtocolError } from "../errors.ts";
import type { ClientFrames, ServerFrame } from "../frame.ts";
import { TIMES } from "../limits.ts";

type DownloadOutput =
  /** The next bytes of the file: a view of the body. */
  | { readonly type: "chunk"; readonly bytes: Uint8Array }
  /** All bytes have arrived. */
  | { readonly type: "end" }
  /** The download failed. `message` may be the server's: not trusted. */
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  | { readonly type: "ignore" };

export class ClientDownload {
  readonly request: ClientFrames["download"];
  #receivedAt: number;
  #left: number;

  /** `size` is that of the whole file, of which the caller has `request.offset` bytes. */
  constructor(request: ClientFrames["download"], size: number, now: number) {
    if (request.offset > size) {
      throw new RangeError(`Cannot download from ${request.offset}: the file has ${size} bytes`);
    }
    this.request = request;
    this.#receivedAt = now;
    this.#left = size - request.offset;
  }

  /** Bytes that are missing. */
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
    this.#receivedAt = now;
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

  /** The server ended the stream without `end` or `error`. */
  handleEnd(): DownloadOutput {
    const message = "The stream ended before the file was complete; fetch it again to continue.";
    return this.handleFault(new ProtocolError("unfinished_file", message));
  }

  handleFault(fault: ProtocolError): DownloadOutput {
    return { type: "failed", code: fault.code, message: fault.message };
  }

  deadline(): number {
    return this.#receivedAt + TIMES.answer;
  }

  handleTimeout(now: number): DownloadOutput | undefined {
    if (now < this.deadline()) return undefined;
    return this.handleFault(new ProtocolError("silence"));
  }
}

function wrongSize(): ProtocolError {
  return new ProtocolError("damaged_file", "The file does not have the announced size.");
}
