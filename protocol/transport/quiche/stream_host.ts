/**
 * What the streams of one connection share: quiche's connection for as long as they may use it, the
 * buffers, and the way to have data sent. The connection that owns it decides when it ends.
 */
import { describe } from "../closing.ts";
import { type CloseReason, TransportError } from "../transport.ts";
import type { NativeConnection } from "./native.ts";

/** The connection's say in what streams do. */
interface StreamHostOptions {
  readonly quic: NativeConnection;
  /** Where quiche puts what it has received, before a chunk is cut from it. */
  readonly scratch: Uint8Array;
  /** Buffers of `SendHalf` that are not in use. */
  readonly spare: Uint8Array[];
  /** There may be something to send. */
  readonly touch: () => void;
  /** Data of another stream than the last one was given to quiche. */
  readonly streamChanged: () => void;
}

export class StreamHost {
  readonly scratch: Uint8Array;
  readonly spare: Uint8Array[];
  readonly touch: () => void;
  readonly #streamChanged: () => void;
  #quic: NativeConnection | undefined;
  #close: CloseReason | undefined;
  /** The stream that was last written to. */
  #lastWriter: number | undefined;

  constructor({ quic, scratch, spare, streamChanged, touch }: StreamHostOptions) {
    this.#quic = quic;
    this.scratch = scratch;
    this.spare = spare;
    this.touch = touch;
    this.#streamChanged = streamChanged;
  }

  /** `undefined` once the connection has closed, so that a kept stream does not keep quiche's part. */
  get quic(): NativeConnection | undefined {
    return this.#quic;
  }

  /** A stream has given quiche something to send. */
  wrote(stream: number): void {
    if (stream !== this.#lastWriter) {
      this.#lastWriter = stream;
      this.#streamChanged();
    }
    this.touch();
  }

  /** The connection has closed: streams can no longer use it. */
  end(close: CloseReason): void {
    this.#quic = undefined;
    this.#close = close;
  }

  /** The error of every call on a connection that has closed. */
  ended(): TransportError {
    const close = this.#close;
    if (close === undefined) return new TransportError("closed", "The connection has ended");
    return new TransportError("closed", `The connection was ${describe(close)}`, { close });
  }
}
