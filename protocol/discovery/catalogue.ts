/**
 * What was heard of servers, put together from records that come in any order, from anybody. Pure.
 * Bounded: what goes beyond it is left out, and what was there stays.
 */
import { isIPv4 } from "node:net";
import { safeLabel } from "../safe_text.ts";
import { decodeDetails, type FoundDetails } from "./details.ts";
import { isLinkLocal } from "./interfaces.ts";
import type { Link } from "./links.ts";
import {
  type AddressRecord,
  type DnsMessage,
  type DnsRecord,
  foldDnsName,
  type PointerRecord,
  type Question,
  SERVICE,
} from "./message.ts";

/** A server that somebody says is there. Nothing of it is proven, the pin least of all. */
export interface FoundServer extends FoundDetails {
  /** Safe to write to a terminal. */
  readonly name: string;
  /** One at least; the best first. */
  readonly addresses: readonly [string, ...string[]];
  /** UDP, of QUIC. */
  readonly port: number;
}

const MOST_SERVERS = 128;
const MOST_ADDRESSES = 8;
/** Characters of a name: one label has 63 bytes. */
const LONGEST_NAME = 63;

interface Entry {
  /** As it was written. */
  readonly pointer: PointerRecord;
  service?: { readonly host: string; readonly port: number };
  text?: readonly Uint8Array[];
}

export class Catalogue {
  /** By the name of the instance, folded. */
  readonly #entries = new Map<string, Entry>();
  /** By the name of the host, folded; only of hosts that an entry names. */
  readonly #addresses = new Map<string, Set<string>>();

  /** Reads a response that was heard on a link. */
  read({ answers, additionals }: DnsMessage, link: Pick<Link, "internal" | "scope">): void {
    const records = [...answers, ...additionals];
    // Whatever the order is: servers before what is known of them, hosts before their addresses.
    for (const record of records) if (record.type === "PTR") this.#readPointer(record);
    for (const record of records) this.#readFacts(record);
    for (const record of records) {
      if (record.type === "A" || record.type === "AAAA") this.#readAddress(record, link);
    }
  }

  /** Those of which enough is known, by name. */
  servers(): FoundServer[] {
    return [...this.#entries.values()]
      .flatMap((entry) => this.#describe(entry))
      .sort((one, other) => compare(one.name, other.name));
  }

  /** What has been heard, for those who would say it again (RFC 6762, section 7.1). */
  pointers(): PointerRecord[] {
    return [...this.#entries.values()].map(({ pointer }) => pointer);
  }

  /** What to ask for: whoever pointed at a server may have left it out. */
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
    if (pointer.ttl === 0) this.#entries.delete(name);
    else if (!this.#entries.has(name) && this.#entries.size < MOST_SERVERS) {
      this.#entries.set(name, { pointer });
    }
  }

  #readFacts(record: DnsRecord): void {
    const entry = this.#entries.get(foldDnsName(record.name));
    if (entry === undefined || record.ttl === 0) return;
    if (record.type === "TXT") entry.text = record.data;
    if (record.type === "SRV" && record.data.port > 0) {
      entry.service = { host: record.data.target, port: record.data.port };
    }
  }

  #readAddress(record: AddressRecord, link: Pick<Link, "internal" | "scope">): void {
    const { name, data, ttl } = record;
    const host = foldDnsName(name);
    const named = [...this.#entries.values()].some(({ service }) =>
      service !== undefined && foldDnsName(service.host) === host
    );
    if (!named || ttl === 0 || !isUsable(data, link.internal)) return;
    const known = this.#addresses.get(host) ?? new Set();
    this.#addresses.set(host, known);
    if (known.size < MOST_ADDRESSES) known.add(isLinkLocal(data) ? `${data}%${link.scope}` : data);
  }

  #describe({ pointer, service, text }: Entry): FoundServer[] {
    if (service === undefined || text === undefined) return [];
    const known = this.#addresses.get(foldDnsName(service.host)) ?? [];
    const [first, ...others] = [...known].sort((one, other) => rank(one) - rank(other));
    if (first === undefined) return [];
    const label = pointer.data.slice(0, -`.${SERVICE}`.length);
    return [{
      name: safeLabel(label, LONGEST_NAME),
      addresses: [first, ...others],
      port: service.port,
      ...decodeDetails(text),
    }];
  }
}

/** Not an address of everybody or nobody, and none of this machine that another machine says. */
function isUsable(address: string, internal: boolean): boolean {
  if (/^(?:0\.|22[4-9]\.|2[3-5]\d\.|::$|ff)/i.test(address)) return false;
  return internal || !/^(?:127\.|::1$|::ffff:)/i.test(address);
}

/** IPv4 first: servers listen to it, and fewer firewalls forget it. */
function rank(address: string): number {
  if (isIPv4(address)) return 0;
  return isLinkLocal(address) ? 2 : 1;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
