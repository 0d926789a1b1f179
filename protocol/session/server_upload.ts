/**
 * The server's end of a stream that brings a file: what may come on it, and how much. Pure and
 * driven. It judges frames that the session has accepted (`server.ts`), and holds no bytes:
 *
 * 1. `new ServerUpload(request)` for an `upload`.
 * 2. `ready(offset)` once, when it is known how much is there; write the frame that it returns.
 * 3. `handleFrame` for every further frame of the stream, `handleEnd` for its end.
 */
import { ProtocolError } from "../errors.ts";
import type { ClientFrame, ClientFrames, ServerFrames } from "../frame.ts";

export class ServerUpload {
  readonly #request: ClientFrames["upload"];
  /** Bytes that are still to come; `undefined` until it has been said from where. */
  #left: number | undefined;

  constructor(request: ClientFrames["upload"]) {
    this.#request = request;
  }

  /** Bytes that are still to come; all of them, as long as it has not been said from where. */
  get left(): number {
    return this.#left ?? this.#request.size;
  }

  ready(offset: number): ServerFrames["ready"] {
    const { id: re, size } = this.#request;
    if (this.#left !== undefined) throw new Error("Cannot be ready: that has been said");
    if (offset > size) throw new RangeError(`Cannot go on from ${offset} of ${size} bytes`);
    this.#left = size - offset;
    return { type: "ready", re, offset };
  }

  /** The next bytes, or the peer's fault. */
  handleFrame(frame: ClientFrame): Uint8Array | ProtocolError {
    const { id: re } = this.#request;
    if (frame.type !== "chunk") {
      const message = `A ${frame.type} frame is not allowed after upload: only chunk frames are.`;
      return new ProtocolError("bad_state", message, { re });
    }
    if (this.#left === undefined) {
      return new ProtocolError("bad_state", "A chunk frame has to wait for ready.", { re });
    }
    if (frame.bytes.length > this.#left) {
      return new ProtocolError("bad_frame", "There are more bytes than the upload said.", { re });
    }
    this.#left -= frame.bytes.length;
    return frame.bytes;
  }

  /** The stream has ended, or nobody knows how it went on, and bytes are missing. */
  handleEnd(): ProtocolError {
    return new ProtocolError("unfinished_file", undefined, { re: this.#request.id });
  }
}
