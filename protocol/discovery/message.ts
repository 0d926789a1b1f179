/**
 * Multicast DNS messages, with the five types of record that DNS-SD needs and no others. It knows
 * neither sockets nor bytes.
 */

/** The service type of Sotto (RFC 6763, section 7). */
export const SERVICE = "_sotto._udp.local";
/** Lists the service types of a network (RFC 6763, section 9). */
export const ENUMERATION = "_services._dns-sd._udp.local";
/** The port of multicast DNS (RFC 6762, section 3). */
export const MDNS_PORT = 5353;

interface Owned {
  readonly name: string;
  /** Seconds; 0 is a goodbye. */
  readonly ttl: number;
  /** The cache-flush bit: this record replaces older ones (RFC 6762, section 10.2). */
  readonly flush: boolean;
}

export interface PointerRecord extends Owned {
  readonly type: "PTR";
  readonly data: string;
}

export interface ServiceRecord extends Owned {
  readonly type: "SRV";
  readonly data: { readonly target: string; readonly port: number };
}

export interface TextRecord extends Owned {
  readonly type: "TXT";
  readonly data: readonly Uint8Array[];
}

export interface AddressRecord extends Owned {
  readonly type: "A" | "AAAA";
  readonly data: string;
}

export type DnsRecord = PointerRecord | ServiceRecord | TextRecord | AddressRecord;

export interface Question {
  readonly name: string;
  readonly type: DnsRecord["type"] | "ANY";
}

export interface DnsMessage {
  readonly type: "query" | "response";
  /** 0, except in queries of legacy resolvers, which need it back (RFC 6762, section 6.7). */
  readonly id: number;
  readonly questions: readonly Question[];
  readonly answers: readonly DnsRecord[];
  /** The records that a probing responder proposes (RFC 6762, section 8.2). */
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** Makes a query. */
export function query(parts: Partial<Omit<DnsMessage, "type">>): DnsMessage {
  return { type: "query", id: 0, ...EMPTY, ...parts };
}

/** Makes a response. */
export function response(parts: Partial<Omit<DnsMessage, "type">>): DnsMessage {
  return { type: "response", id: 0, ...EMPTY, ...parts };
}

const EMPTY = { questions: [], answers: [], authorities: [], additionals: [] } as const;

/** A name for comparison: DNS folds ASCII letters only (RFC 4343). */
export function foldDnsName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/\.$/, "");
}

export function isSameName(one: string, other: string): boolean {
  return foldDnsName(one) === foldDnsName(other);
}
