/**
 * Multicast DNS messages as discovery reads and writes them: the five kinds of record that DNS-SD is
 * made of, and nothing else of DNS. It knows neither sockets nor bytes (`links.ts` does).
 */

/** The service that servers offer (RFC 6763, section 7). */
export const SERVICE = "_sotto._udp.local";
/** What lists the services of a network (RFC 6763, section 9). */
export const ENUMERATION = "_services._dns-sd._udp.local";
/** The one port of multicast DNS (RFC 6762, section 3). */
export const MDNS_PORT = 5353;

interface Owned {
  readonly name: string;
  /** Seconds; 0 says goodbye. */
  readonly ttl: number;
  /** The cache-flush bit: this replaces what was known (RFC 6762, section 10.2). */
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
  /** Not 0 in queries of simple resolvers only, which want it back (RFC 6762, section 6.7). */
  readonly id: number;
  readonly questions: readonly Question[];
  readonly answers: readonly DnsRecord[];
  /** What whoever probes for a name would put there (RFC 6762, section 8.2). */
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** A query, of what is given. */
export function query(parts: Partial<Omit<DnsMessage, "type">>): DnsMessage {
  return { type: "query", id: 0, ...EMPTY, ...parts };
}

/** A response, of what is given. */
export function response(parts: Partial<Omit<DnsMessage, "type">>): DnsMessage {
  return { type: "response", id: 0, ...EMPTY, ...parts };
}

const EMPTY = { questions: [], answers: [], authorities: [], additionals: [] } as const;

/** The form in which names are compared: DNS folds ASCII letters only (RFC 4343). */
export function foldDnsName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/\.$/, "");
}

export function isSameName(one: string, other: string): boolean {
  return foldDnsName(one) === foldDnsName(other);
}
