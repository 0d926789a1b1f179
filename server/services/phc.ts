/**
 * The PHC string of an Argon2id hash, as other tools read and write it:
 * `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`, base64 without padding
 * (github.com/P-H-C/phc-string-format). Pure; it hashes nothing.
 */

/** What one hash costs. */
export interface Argon2Cost {
  /** Memory in KiB. */
  readonly m: number;
  /** Passes over it. */
  readonly t: number;
  /** Lanes. */
  readonly p: number;
}

/** A stored password. */
export interface PasswordHash {
  readonly cost: Argon2Cost;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** Limits on a stored string: a damaged or forged row must not delay every sign-in. */
const MAX = { m: 256 * 1024, t: 16, p: 16 } as const;
const SALT_BYTES = { min: 8, max: 64 } as const;
const HASH_BYTES = { min: 16, max: 64 } as const;

const NUMBER = "(0|[1-9][0-9]{0,9})";
const BASE64 = "([A-Za-z0-9+/]{1,128})";
const FORM = new RegExp(
  `^\\$argon2id\\$v=19\\$m=${NUMBER},t=${NUMBER},p=${NUMBER}\\$${BASE64}\\$${BASE64}$`,
);

export function formatPhc({ cost, salt, hash }: PasswordHash): string {
  const { m, t, p } = cost;
  return `$argon2id$v=19$m=${m},t=${t},p=${p}$${encode(salt)}$${encode(hash)}`;
}

/** `undefined` for a text that is no Argon2id string, or whose cost is out of bounds. */
export function parsePhc(text: string): PasswordHash | undefined {
  const [, m, t, p, salt, hash] = FORM.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const parsed = {
    cost: { m: Number(m), t: Number(t), p: Number(p) },
    salt: decode(salt),
    hash: decode(hash),
  };
  return isWithinLimits(parsed) && formatPhc(parsed) === text ? parsed : undefined;
}

function isWithinLimits({ cost: { m, t, p }, salt, hash }: PasswordHash): boolean {
  return p >= 1 && p <= MAX.p && t >= 1 && t <= MAX.t &&
    m >= 8 * p && m <= MAX.m && // RFC 9106, section 3.1
    salt.length >= SALT_BYTES.min && salt.length <= SALT_BYTES.max &&
    hash.length >= HASH_BYTES.min && hash.length <= HASH_BYTES.max;
}

function encode(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/=+$/, "");
}

/** Empty if the length is impossible in base64. */
function decode(digits: string): Uint8Array {
  if (digits.length % 4 === 1) return new Uint8Array();
  return Uint8Array.from(atob(digits), (character) => character.charCodeAt(0));
}
