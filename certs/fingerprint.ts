/**
 * The pin of a certificate: what a client remembers of a server, and an invite line carries.
 *
 * A pin is `SHA256:` and the SHA-256 of the leaf certificate's DER, in base64url without padding
 * (RFC 4648, section 5), so that it needs no quoting in a URL. Clients load this at every start: it
 * reads no file and knows no X.509.
 */
import { sha256 } from "@noble/hashes/sha2.js";

const PREFIX = "SHA256:";
const HASH_BYTES = 32;
/** 43 digits hold 258 bits: the last two MUST be 0, or one hash would have four spellings. */
const DIGITS = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** The SHA-256 of a leaf certificate: what `DialOptions.hashes` takes. */
export function hashCertificate(der: Uint8Array): Uint8Array {
  return sha256(der);
}

/** The pin of a leaf certificate. */
export function fingerprint(der: Uint8Array): string {
  return formatPin(hashCertificate(der));
}

/** The one spelling of a pin that Sotto prints and stores. */
export function formatPin(hash: Uint8Array): string {
  if (hash.length !== HASH_BYTES) {
    throw new RangeError(`Cannot format a pin: it has ${hash.length} bytes instead of 32`);
  }
  const base64 = btoa(String.fromCharCode(...hash));
  return PREFIX + base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * The 32 bytes of a pin as people give it: base64 or base64url, with or without padding and
 * `SHA256:`. `undefined` for anything else.
 */
export function parsePin(text: string): Uint8Array | undefined {
  let digits = text.trim();
  if (digits.slice(0, PREFIX.length).toUpperCase() === PREFIX) digits = digits.slice(PREFIX.length);
  digits = digits.replace(/=$/, "").replaceAll("+", "-").replaceAll("/", "_");
  if (!DIGITS.test(digits)) return undefined;
  const binary = atob(digits.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
