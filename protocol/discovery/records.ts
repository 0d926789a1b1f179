/**
 * The DNS records of one server (RFC 6763, section 4). Pure.
 *
 * The SRV record names a host of its own, made from the server's pin. The machine's name
 * (`laptop.local`) belongs to the machine's own responder, and would conflict.
 */
import { isIPv6 } from "node:net";
import { parsePin } from "../../certs/fingerprint.ts";
import { safeText } from "../safe_text.ts";
import {
  type AddressRecord,
  type DnsRecord,
  ENUMERATION,
  type PointerRecord,
  SERVICE,
  type ServiceRecord,
  type TextRecord,
} from "./message.ts";

/** Seconds, for records that name a host and for all others (RFC 6762, section 10). */
const HOST_TTL = 120;
const OTHER_TTL = 4500;
/** Bytes of one label (RFC 1035, section 2.3.4). */
const LABEL_BYTES = 63;

export interface ServerRecords {
  readonly pointer: PointerRecord;
  readonly enumeration: PointerRecord;
  readonly service: ServiceRecord;
  readonly text: TextRecord;
  readonly addresses: readonly AddressRecord[];
}

interface ServerFacts {
  /** The server's name as one label: `instanceLabel`. */
  readonly label: string;
  /** `hostName`. */
  readonly host: string;
  readonly port: number;
  readonly text: readonly Uint8Array[];
  /** The addresses on one network. */
  readonly addresses: readonly string[];
}

export function recordsOf({ label, host, port, text, addresses }: ServerFacts): ServerRecords {
  const name = `${label}.${SERVICE}`;
  return {
    pointer: { type: "PTR", name: SERVICE, ttl: OTHER_TTL, flush: false, data: name },
    enumeration: { type: "PTR", name: ENUMERATION, ttl: OTHER_TTL, flush: false, data: SERVICE },
    service: { type: "SRV", name, ttl: HOST_TTL, flush: true, data: { target: host, port } },
    text: { type: "TXT", name, ttl: OTHER_TTL, flush: true, data: text },
    addresses: addresses.map((address) => ({
      type: isIPv6(address) ? "AAAA" : "A",
      name: host,
      ttl: HOST_TTL,
      flush: true,
      data: address,
    })),
  };
}

/** All records, the most important first. */
export function allOf(records: ServerRecords): DnsRecord[] {
  const { pointer, service, text, addresses, enumeration } = records;
  return [pointer, service, text, ...addresses, enumeration];
}

/**
 * A name as one label, for example `Lab (q0ZrXa)`: the suffix tells servers of one name apart. The
 * library cannot write a dot within a label.
 */
export function instanceLabel(name: string, suffix?: string): string {
  const end = suffix === undefined ? "" : ` (${suffix})`;
  const text = safeText(name).replaceAll(".", "-").trim() || "sotto";
  return cutBytes(text, LABEL_BYTES - end.length) + end;
}

/** The host name of a server's SRV record: 64 bits of its pin. */
export function hostName(pin: string): string {
  const hash = parsePin(pin);
  if (hash === undefined) throw new TypeError(`Cannot announce a server: ${pin} is not a pin`);
  const digits = [...hash.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0"));
  return `sotto-${digits.join("")}.local`;
}

/** Cuts a text between characters to a length in UTF-8. */
function cutBytes(text: string, most: number): string {
  const encoder = new TextEncoder();
  let kept = "";
  let bytes = 0;
  for (const character of text) {
    bytes += encoder.encode(character).length;
    if (bytes > most) break;
    kept += character;
  }
  return kept;
}
