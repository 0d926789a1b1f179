/** What clients may ask of the floor and of the bare engines. */

export const ALPN = "bench/1";
export const MEBIBYTE = 1024 * 1024;
/** First byte of a stream that only sends. The answer is the number of bytes that came. */
export const SINK = 0xf1;
/** First byte of a stream that only receives. The second byte is the number of mebibytes. */
export const SOURCE = 0xf2;
/** The size of writes of bulk data. */
export const BULK = new Uint8Array(64 * 1024).fill(0x2e);

/** What a server of the bench reports when it is ready. */
export interface ServerReady {
  readonly port: number;
  /** SHA-256 of its certificate, hex. */
  readonly hash: string;
}

export function readyOf(port: number, hash: Uint8Array): ServerReady {
  return { port, hash: hash.toHex() };
}

/** A count, as the answer to a sink. */
export function countOf(bytes: number): Uint8Array {
  return new TextEncoder().encode(String(bytes));
}
