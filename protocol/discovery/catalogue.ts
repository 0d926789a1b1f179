/**
 * The servers that were announced, built from records that come in any order, from any sender. Pure.
 * Bounded: beyond the bound, new records are dropped.
 */
import { isIPv4 } from "node:net";
import { safeLabel } from "../safe_text.ts";
import { decodeDetails, type FoundDetails } from "./details.ts";
import { isLinkLocal } from "./interfaces.ts";
import type { NetworkLink } from "./links.ts";
import {
  type AddressRecord,
  type DnsMessage,
  type DnsRecord,
  foldDnsName,
  type PointerRecord,
  type Question,
  SERVICE,
} from "./message.ts";

/** A server as it was announced. Nothing of it is proven, the pin least of all. */
export interface FoundServer extends FoundDetails {
  /** Safe to write to a terminal. */
  readonly name: string;
  /** At least one; the best first. */
  readonly addresses: readonly [string, ...string[]];
  /** UDP, of QUIC. */
  readonly port: number;
}

const MAX_SERVERS = 128;
const MAX_ADDRESSES = 8;
/** Characters of a name: one label has 63 bytes. */
const MAX_NAME = 63;
/** Bytes of a name with all of its labels (RFC 1035, section 2.3.4). */
const MAX_WRITTEN = 255;

interface Entry {
  /** As it was written. */
  readonly pointer: PointerRecord;
  service?: { readonly host: string; readonly port: number };
  text?: readonly Uint8Array[];
}

export class Catalogue {
  /** By the name of the instance, folded. */
  readonly #entries = new Map<string, Entry>();
  /** By the name of the host, folded; only hosts that an entry names. */
  readonly #addresses = new Map<string, Set<string>>();

  /** Reads a response from a link. Afterwards it knows no address of a host that no entry names. */
  read({ answers, additionals }: DnsMessage, link: Pick<NetworkLink, "internal" | "scope">): void {
    const records = [...answers, ...additionals];
    // In this order, whatever the message's: servers, then their facts, then addresses.
    for (const record of records) if (record.type === "PTR") this.#readPointer(record);
    for (const record of records) this.#readFacts(record);
    for (const record of records) {
      if (record.type === "A" || record.type === "AAAA") this.#readAddress(record, link);
    }
    const named = new Set(
      [...this.#entries.values()].map(({ service }) => service && foldDnsName(service.host)),
    );
    for (const host of this.#addresses.keys()) {
      if (!named.has(host)) this.#addresses.delete(host);
    }
  }

  /** The servers of which enough is known, sorted by name. */
  servers(): FoundServer[] {
    return [...this.#entries.values()]
      .flatMap((entry) => this.#describe(entry))
      .sort((one, other) => compare(one.name, other.name));
  }

  /** The known answers of a query: servers need not repeat them (RFC 6762, section 7.1). */
  pointers(): PointerRecord[] {
    return [...this.#entries.values()].map(({ pointer }) => pointer);
  }

  /** The questions about records that are still missing. */
  missing(): Question[] {
    return [...this.#entries.values()].flatMap(({ pointer, service, text }): Question[] => {
      if (service === undefined) return [{ name: pointer.data, type: "SRV" }];
      if (text === undefined) return [{ name: pointer.data, type: "TXT" }];
      if (this.#addresses.has(foldDnsName(service.host))) return [];
      return [{ name: service.host, type: "A" }, { name: service.host, type: "AAAA" }];
    });
  }

  #readPointer(pointer: PointerRecord): void {
    const name = foldDnsName(pointer.data);
    if (foldDnsName(pointer.name) !== SERVICE || !name.endsWith(`.${SERVICE}`)) return;
    if (!isWritable(name)) return;
    if (pointer.ttl === 0) this.#entries.delete(name);
    else if (!this.#entries.has(name) && this.#entries.size < MAX_SERVERS) {
      this.#entries.set(name, { pointer });
    }
  }

  #readFacts(record: DnsRecord): void {
    const entry = this.#entries.get(foldDnsName(record.name));
    if (entry === undefined || record.ttl === 0) return;
    if (record.type === "TXT") entry.text = record.data;
    if (record.type === "SRV" && record.data.port > 0 && isWritable(record.data.target)) {
      entry.service = { host: record.data.target, port: record.data.port };
    }
  }

  #readAddress(record: AddressRecord, link: Pick<NetworkLink, "internal" | "scope">): void {
    const { name, data, ttl } = record;
    const host = foldDnsName(name);
    const named = [...this.#entries.values()].some(({ service }) =>
      service !== undefined && foldDnsName(service.host) === host
    );
    if (!named || ttl === 0 || !isUsable(data, link.internal)) return;
    const known = this.#addresses.get(host) ?? new Set();
    this.#addresses.set(host, known);
    if (known.size < MAX_ADDRESSES) known.add(isLinkLocal(data) ? `${data}%${link.scope}` : data);
  }

  #describe({ pointer, service, text }: Entry): FoundServer[] {
    if (service === undefined || text === undefined) return [];
    const known = this.#addresses.get(foldDnsName(service.host)) ?? [];
    const [first, ...others] = [...known].sort((one, other) => rank(one) - rank(other));
    if (first === undefined) return [];
    const label = pointer.data.slice(0, -`.${SERVICE}`.length);
    return [{
      name: safeLabel(label, MAX_NAME),
      addresses: [first, ...others],
      port: service.port,
      ...decodeDetails(text),
    }];
  }
}

/**
 * Whether the name can be written into a query: others drop a query with a name that is malformed. A
 * name that came in need not be one, because bytes that are no UTF-8 were replaced by longer ones.
 */
function isWritable(name: string): boolean {
  const encoder = new TextEncoder();
  const lengths = name.split(".").map((label) => encoder.encode(label).length);
  return lengths.every((length) => length > 0 && length <= MAX_NAME) &&
    lengths.reduce((sum, length) => sum + length + 1, 0) < MAX_WRITTEN;
}

/** Not multicast, not unspecified; loopback only when announced on this machine. */
function isUsable(address: string, internal: boolean): boolean {
  if (/^(?:0\.|22[4-9]\.|2[3-5]\d\.|::$|ff)/i.test(address)) return false;
  return internal || !/^(?:127\.|::1$|::ffff:)/i.test(address);
}

/** IPv4 first: firewalls block it less often. */
function rank(address: string): number {
  if (isIPv4(address)) return 0;
  return isLinkLocal(address) ? 2 : 1;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
