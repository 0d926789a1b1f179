/**
 * A server's TXT record (RFC 6763, section 6): key=value strings, written and read. Reading checks
 * each value, and leaves out a bad one.
 */
import { formatPin, parsePin } from "../../certs/fingerprint.ts";
import { isName } from "../names.ts";
import { ALPN } from "../version.ts";

/** What changes while a server runs. */
export interface Activity {
  /** Names of rooms. */
  readonly rooms: readonly string[];
  /** How many people are online. */
  readonly people: number;
}

interface Details extends Activity {
  /** `SHA256:…`. */
  readonly pin: string;
  /** The TCP port of TLS, where there is one. */
  readonly tlsPort?: number | undefined;
}

/** What was announced about a server, as far as it can be read. */
export interface FoundDetails {
  /** The wire format: `sotto/1`. */
  readonly alpn: string | undefined;
  readonly pin: string | undefined;
  readonly tlsPort: number | undefined;
  readonly people: number | undefined;
  readonly rooms: readonly string[];
  /** Further rooms, whose names did not fit. */
  readonly moreRooms: number;
}

/** The version of these keys (RFC 6763, section 6.7). */
const TXT_VERSION = "1";
/** Bytes for the names of rooms: a server's whole answer has to fit one datagram. */
const ROOMS_BYTES = 200;
const MAX_STRINGS = 32;
const MAX_PEOPLE = 1_000_000;

export function encodeDetails({ pin, tlsPort, rooms, people }: Details): Uint8Array[] {
  const named = fitting(rooms);
  const strings = [
    `txtvers=${TXT_VERSION}`,
    `alpn=${ALPN}`,
    `pin=${pin}`,
    ...(tlsPort === undefined ? [] : [`tls=${tlsPort}`]),
    `people=${people}`,
    `rooms=${named.join(",")}`,
    ...(named.length === rooms.length ? [] : [`more=${rooms.length - named.length}`]),
  ];
  return strings.map((text) => new TextEncoder().encode(text));
}

export function decodeDetails(strings: readonly Uint8Array[]): FoundDetails {
  const values = new Map<string, string>();
  for (const bytes of strings.slice(0, MAX_STRINGS)) {
    const [, key, value = ""] = /^([^=]{1,16})=(.*)$/s.exec(new TextDecoder().decode(bytes)) ?? [];
    const folded = key?.toLowerCase();
    // The first of two equal keys counts (RFC 6763, section 6.4).
    if (folded !== undefined && !values.has(folded)) values.set(folded, value);
  }
  const rooms = (values.get("rooms") ?? "").split(",").filter(isName);
  return {
    alpn: matching(values.get("alpn"), /^sotto\/\d{1,3}$/),
    pin: readPin(values.get("pin")),
    tlsPort: readNumber(values.get("tls"), 1, 65_535),
    people: readNumber(values.get("people"), 0, MAX_PEOPLE),
    rooms: [...new Set(rooms)],
    moreRooms: readNumber(values.get("more"), 0, MAX_PEOPLE) ?? 0,
  };
}

/** The first names, as many as fit. */
function fitting(rooms: readonly string[]): string[] {
  let bytes = 0;
  const cut = rooms.findIndex((name) => (bytes += name.length + 1) > ROOMS_BYTES);
  return cut < 0 ? [...rooms] : rooms.slice(0, cut);
}

function readPin(text: string | undefined): string | undefined {
  const hash = text === undefined ? undefined : parsePin(text);
  return hash && formatPin(hash);
}

function matching(text: string | undefined, form: RegExp): string | undefined {
  return text !== undefined && form.test(text) ? text : undefined;
}

function readNumber(text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined || !/^\d{1,7}$/.test(text)) return undefined;
  const number = Number(text);
  return number >= least && number <= most ? number : undefined;
}
