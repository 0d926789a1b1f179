/**
 * What went wrong in Deno's QUIC, read from the only thing it says: an English sentence (quinn's).
 * A sentence that is not known here makes `lost`, never a guess. A new Deno may word things anew;
 * the contract suite would notice.
 */
import { IDLE } from "../closing.ts";
import type { CloseReason } from "../transport.ts";

/** RFC 9000, section 20.1, as quinn-proto words it (`transport_error.rs`). */
const TRANSPORT_CODES: readonly (readonly [code: number, sentence: string])[] = [
  [0x0, "the connection is being closed abruptly in the absence of any error"],
  [0x1, "the endpoint encountered an internal error"],
  [0x2, "the server refused to accept a new connection"],
  [0x3, "received more data than permitted in advertised data limits"],
  [0x4, "received a frame for a stream identifier that exceeded advertised"],
  [0x5, "received a frame for a stream that was not in a state"],
  [0x6, "received a STREAM frame or a RESET_STREAM frame"],
  [0x7, "received a frame that was badly formatted"],
  [0x8, "received transport parameters that were badly formatted"],
  [0x9, "the number of connection IDs provided by the peer exceeds"],
  [0xa, "detected an error with protocol compliance"],
  [0xb, "received an invalid Retry Token"],
  [0xc, "the application or application protocol caused the connection to be closed"],
  [0xd, "received more data in CRYPTO frames than can be buffered"],
  [0xe, "key update error"],
  [0xf, "has reached the confidentiality or integrity limit"],
  [0x10, "no viable network path exists"],
];

const BY_PEER = "aborted by peer: ";
/** A TLS alert, which QUIC carries as 0x100 + alert (RFC 9001, section 4.8). */
const ALERT = /^the cryptographic handshake failed: error (\d+)/;
const STREAM = /^(?:stream reset|sending stopped) by peer: error (\d+)$/;

/** The end of a connection that no `close` caused. */
export function closeOfFailure(text: string): CloseReason {
  if (text === "timed out") return IDLE;
  const by = text.startsWith(BY_PEER) ? "peer" : "local";
  const sentence = by === "peer" ? text.slice(BY_PEER.length) : text;
  const alert = ALERT.exec(sentence)?.[1];
  if (alert !== undefined) {
    return { kind: "transport", code: 0x100 + Number(alert), reason: sentence, by };
  }
  const row = TRANSPORT_CODES.find(([, known]) => sentence.startsWith(known));
  if (row !== undefined) return { kind: "transport", code: row[0], reason: sentence, by };
  return { kind: "lost", code: 0, reason: text, by: text === "reset by peer" ? "peer" : by };
}

/** The peer's code in RESET_STREAM or STOP_SENDING; `undefined` when the stream failed otherwise. */
export function streamCodeOfFailure(text: string): number | undefined {
  const code = STREAM.exec(text)?.[1];
  return code === undefined ? undefined : Number(code);
}
