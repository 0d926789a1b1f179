/**
 * Checksums of packets that the kernel has left to a network card, which a relay in between never
 * meets. Pure.
 */

const ETHERNET = 14;
const IPV4 = 0x0800;
const TCP = 6;
const UDP = 17;

/** Puts an Ethernet frame's TCP or UDP checksum right, where it carries one in IPv4. In place. */
export function mendChecksum(frame: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.byteLength < ETHERNET + 20 || view.getUint16(12) !== IPV4) return;
  const header = (view.getUint8(ETHERNET) & 0x0f) * 4;
  const length = view.getUint16(ETHERNET + 2) - header;
  const protocol = view.getUint8(ETHERNET + 9);
  const start = ETHERNET + header;
  const end = start + length;
  const field = protocol === TCP ? start + 16 : protocol === UDP ? start + 6 : undefined;
  if (field === undefined || field + 2 > end || end > frame.byteLength) return;
  view.setUint16(field, 0); // For UDP that is right already: there is none (RFC 768).
  if (protocol === UDP) return;
  // The pseudo-header: both addresses, protocol and length (RFC 9293, section 3.1).
  let sum = protocol + length;
  for (let at = ETHERNET + 12; at < ETHERNET + 20; at += 2) sum += view.getUint16(at);
  for (let at = start; at + 1 < end; at += 2) sum += view.getUint16(at);
  if (length % 2 === 1) sum += view.getUint8(end - 1) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(field, ~sum & 0xffff);
}
