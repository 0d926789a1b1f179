/**
 * Filters datagrams before the library decodes them. Any machine on the network can send one, and
 * the worst one takes the decoder over 100 ms: ten thousand names that point at names. One that
 * passes takes at most 2 ms, and at most 100 pass in a second.
 */
import { BlockList, isIPv6 } from "node:net";
import { MDNS_PORT } from "./message.ts";

/** Bytes (RFC 6762, section 17). */
const MAX_BYTES = 9000;
const HEADER = 12;
/** Questions and records in one message. A home full of devices needs some dozens. */
const MAX_RECORDS = 128;
/** Messages that one link reads in a second. Queries are repeated, so a lost one costs little. */
const MAX_PER_SECOND = 100;

const IS_RESPONSE = 0x8000;
/** Opcode and response code: MUST be 0, or the message is ignored (sections 18.3 and 18.11). */
const OTHER_KINDS = 0x780f;

export interface RemoteAddress {
  readonly address: string;
  readonly port: number;
}

export class DatagramFilter {
  readonly #networks: BlockList;
  readonly #now: () => number;
  #second = 0;
  #read = 0;

  /** `networks`: the link's, as `192.168.1.5/24`. */
  constructor(networks: readonly string[], now: () => number) {
    this.#networks = onLink(networks);
    this.#now = now;
  }

  /** Whether the datagram may be decoded. Counts it. */
  accepts(datagram: Uint8Array, from: RemoteAddress): boolean {
    return isWellFormed(datagram, from) && this.#isOnLink(from) && this.#isWithinRate();
  }

  /** Multicast DNS is for the local network only (RFC 6762, section 11). */
  #isOnLink({ address }: RemoteAddress): boolean {
    const [bare = ""] = address.split("%");
    return this.#networks.check(bare, isIPv6(bare) ? "ipv6" : "ipv4");
  }

  #isWithinRate(): boolean {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#read = 0;
    }
    return ++this.#read <= MAX_PER_SECOND;
  }
}

function isWellFormed(datagram: Uint8Array, { port }: RemoteAddress): boolean {
  // Port 0 means that the sender takes no answer (RFC 768), and sending one to it throws.
  if (datagram.length < HEADER || datagram.length > MAX_BYTES || port === 0) return false;
  const header = new DataView(datagram.buffer, datagram.byteOffset, HEADER);
  const flags = header.getUint16(2);
  if ((flags & OTHER_KINDS) !== 0) return false;
  // A response from elsewhere MUST be ignored (RFC 6762, section 6).
  if ((flags & IS_RESPONSE) !== 0 && port !== MDNS_PORT) return false;
  const counts = [4, 6, 8, 10].map((offset) => header.getUint16(offset));
  return counts.reduce((sum, count) => sum + count, 0) <= MAX_RECORDS;
}

function onLink(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix = ""] = network.split("/");
    list.addSubnet(address, Number(prefix), isIPv6(address) ? "ipv6" : "ipv4");
  }
  list.addSubnet("fe80::", 10, "ipv6");
  return list;
}
