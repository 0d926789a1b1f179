/**
 * Whether a datagram does nothing but acknowledge. quiche decrypts in place, so that a datagram that
 * it has taken lies there in plain; a look at it costs a tenth of what asking quiche does.
 *
 * What it says decides how soon a connection sends, and nothing else: what quiche could not decrypt,
 * or kept to itself, is noise here, and wrong about once in ten thousand times.
 */
import { ID_LENGTH } from "./header.ts";

/** Bytes at the end of a packet that authenticate it (RFC 9001, section 5.3). */
const TAG_LENGTH = 16;
/** Frames (RFC 9000, section 19). */
const PADDING = 0x00;
const ACK = 0x02;

/**
 * Whether a datagram with a short header, after quiche has taken it, holds one ACK frame without a
 * gap, and padding. Such a one calls for no answer, and tells of nothing that was lost.
 */
export function onlyAcknowledges(datagram: Uint8Array): boolean {
  const end = datagram.length - TAG_LENGTH;
  // The packet number takes one byte to four (RFC 9000, section 17.3.1).
  let at = 1 + ID_LENGTH + (((datagram[0] ?? 0) & 0x03) + 1);
  if (at >= end || datagram[at] !== ACK) return false;
  at = skipVarint(datagram, at + 1); // The largest that is acknowledged.
  at = skipVarint(datagram, at); // The delay.
  // How many gaps: a zero is a zero in its shortest form only, which everybody uses.
  if (datagram[at] !== 0) return false;
  at = skipVarint(datagram, at + 1); // How many are acknowledged.
  while (at < end && datagram[at] === PADDING) at++;
  return at === end;
}

/** Where the next field begins (RFC 9000, section 16). */
function skipVarint(bytes: Uint8Array, at: number): number {
  return at + (1 << ((bytes[at] ?? 0) >> 6));
}
