/** What the floor and the bare engines have in common: what their clients may ask for. */

export const ALPN = "bench/1";
export const MEBIBYTE = 1024 * 1024;
/** First byte of a stream that only sends; it is answered with how many bytes came. */
export const SINK = 0xf1;
/** First byte of a stream that only receives; the second says how many mebibytes. */
export const SOURCE = 0xf2;
/** What bulk data is written in. */
export const BULK = new Uint8Array(64 * 1024).fill(0x2e);

/** What a server of the bench says when it is ready. */
export interface ServerReady {
  readonly port: number;
  /** SHA-256 of its certificate, hex. */
  readonly hash: string;
}

export function readyOf(port: number, hash: Uint8Array): ServerReady {
  return { port, hash: hash.toHex() };
}

/** A count as the answer to a sink. */
export function countOf(bytes: number): Uint8Array {
  return new TextEncoder().encode(String(bytes));
}
