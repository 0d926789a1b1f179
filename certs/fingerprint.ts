/**
 * The pin of a certificate. A client remembers it for each server, and an invite line contains it.
 *
 * A pin is `SHA256:` and the SHA-256 of the leaf certificate's DER, in base64url without padding
 * (RFC 4648, section 5), so that it needs no quoting in a URL. Clients load this module at every
 * start, so it reads no file and does not parse X.509.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { decode, encode } from "jose/base64url";

const PREFIX = "SHA256:";
const HASH_BYTES = 32;
/** 43 digits hold 258 bits. The last two MUST be 0, or a hash would have four spellings. */
const DIGITS = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** The SHA-256 of a leaf certificate, for `DialOptions.hashes`. */
export function hashCertificate(der: Uint8Array): Uint8Array {
  return sha256(der);
}

/** The pin of a leaf certificate. */
export function fingerprint(der: Uint8Array): string {
  return formatPin(hashCertificate(der));
}

/** The spelling of a pin that Sotto prints and stores. */
export function formatPin(hash: Uint8Array): string {
  if (hash.length !== HASH_BYTES) {
    throw new RangeError(`Cannot format a pin: it has ${hash.length} bytes instead of 32`);
  }
  return PREFIX + encode(hash);
}

/**
 * Parses a pin as people give it: base64 or base64url, with or without padding and `SHA256:`.
 * Returns its 32 bytes, or `undefined` for anything else.
 */
export function parsePin(text: string): Uint8Array | undefined {
  let digits = text.trim();
  if (digits.slice(0, PREFIX.length).toUpperCase() === PREFIX) digits = digits.slice(PREFIX.length);
  digits = digits.replace(/=$/, "").replaceAll("+", "-").replaceAll("/", "_");
  return DIGITS.test(digits) ? decode(digits) : undefined;
}
