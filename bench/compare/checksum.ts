/**
 * Checksums of packets. The kernel leaves them to the network card, and packets that a relay forwards
 * never pass one. Pure.
 */

const ETHERNET = 14;
const IPV4 = 0x0800;
const TCP = 6;
const UDP = 17;

/** Corrects the TCP or UDP checksum of an Ethernet frame that carries IPv4, in place. */
export function correctChecksum(frame: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.byteLength < ETHERNET + 20 || view.getUint16(12) !== IPV4) return;
  const header = (view.getUint8(ETHERNET) & 0x0f) * 4;
  const length = view.getUint16(ETHERNET + 2) - header;
  const protocol = view.getUint8(ETHERNET + 9);
  const start = ETHERNET + header;
  const end = start + length;
  const field = protocol === TCP ? start + 16 : protocol === UDP ? start + 6 : undefined;
  if (field === undefined || field + 2 > end || end > frame.byteLength) return;
  view.setUint16(field, 0); // For UDP, 0 means that there is none (RFC 768).
  if (protocol === UDP) return;
  // The pseudo-header: both addresses, protocol and length (RFC 9293, section 3.1).
  let sum = protocol + length;
  for (let at = ETHERNET + 12; at < ETHERNET + 20; at += 2) sum += view.getUint16(at);
  for (let at = start; at + 1 < end; at += 2) sum += view.getUint16(at);
  if (length % 2 === 1) sum += view.getUint8(end - 1) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(field, ~sum & 0xffff);
}
