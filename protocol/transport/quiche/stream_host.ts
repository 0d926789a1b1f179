/** What a stream and its halves need of their connection. */
import type { TransportError } from "../transport.ts";
import type { NativeConnection } from "./native.ts";

export interface StreamHost {
  /** `undefined` once the connection has ended. */
  readonly quic: NativeConnection | undefined;
  /** Where quiche puts what it has received, before a chunk is cut from it. */
  readonly scratch: Uint8Array;
  /** Buffers in which no stream gathers just now (`send_half.ts`). */
  readonly spare: Uint8Array[];
  /** There may be something to send. */
  touch(): void;
  /** quiche has been given something of a stream. */
  wrote(stream: number): void;
  /** The error of everything that is asked of a connection that has ended. */
  ended(): TransportError;
}
