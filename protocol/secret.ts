/**
 * Seals and opens secret messages with a passphrase that two people share. The server passes the
 * envelope on and cannot read it. No server file imports this one.
 *
 * passphrase (NFC, UTF-8) -> scrypt with a random salt -> HKDF-SHA-256 -> a key for AES-256-GCM, and
 * a commitment to it. The commitment tells a wrong passphrase from a damaged message, and makes an
 * envelope open under one passphrase only (GCM alone does neither). Sender, recipient and ULID are
 * bound as associated data. The format is in `docs/protocol.md`, "Secret messages".
 *
 * It asks for no passphrase and stores none. It cannot tell which of the two people sealed a
 * message. `docs/security.md` says what a guesser can do with an envelope.
 */
import { gcm } from "@noble/ciphers/aes.js";
import { equalBytes } from "@noble/ciphers/utils.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { scryptAsync } from "@noble/hashes/scrypt.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat } from "./concat.ts";
import { LIMITS } from "./limits.ts";

/** Sender, recipient and ID of a message, which the seal binds. */
interface SecretContext {
  readonly from: string;
  readonly to: string;
  readonly ulid: string;
}

export interface SealInput extends SecretContext {
  readonly text: string;
  readonly passphrase: string;
}

interface OpenInput extends SecretContext {
  readonly envelope: Uint8Array;
  readonly passphrase: string;
}

export type Opened = { readonly ok: true; readonly text: string } | Unopened;

interface Unopened {
  readonly ok: false;
  /**
   * `damaged`: changed on the way, cut, or not the message that it claims to be.
   * `unsupported`: sealed by a newer version, or at a cost above our bounds.
   */
  readonly reason: "wrong_passphrase" | "damaged" | "unsupported";
}

/** scrypt's parameters (RFC 7914, section 2): N = 2 ** `log2N`. */
interface SecretCost {
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
}

/** OWASP's Password Storage Cheat Sheet, 2025. 128 MiB, and about half a second of one core. */
const SECRET_COST: SecretCost = { log2N: 17, r: 8, p: 1 };

/** The highest cost that we open: 256 MiB, four times the usual work, four lanes. */
const MAX_MEMORY = 2 ** 28;
const MAX_WORK = 4 * workOf(SECRET_COST);
/** Lanes run one after the other, and short ones do not yield to the event loop between them. */
const MAX_LANES = 4;

const VERSION = 1;
// Byte offsets: version, log2 N, r, p, salt, commitment, nonce, ciphertext, tag, checksum.
const SALT = 4;
const COMMITMENT = 20;
const NONCE = 52;
const HEADER = 64;
const SALT_BYTES = COMMITMENT - SALT;
const COMMITMENT_BYTES = NONCE - COMMITMENT;
const NONCE_BYTES = HEADER - NONCE;
const TAG_BYTES = 16;
const CHECKSUM_BYTES = 8;
const KEY_BYTES = 32;
/** The plain text is padded to a multiple of this, so that most messages have the same length. */
const BLOCK = 256;
/** The length of the text is stored in this many bytes before it. */
const LENGTH_BYTES = 2;
/**
 * scrypt yields to the event loop this often within a loop, in milliseconds. Each lane has two loops:
 * with the most lanes it yields after 32 ms at the latest.
 */
const TICK = 4;

const KEY_INFO = utf8("sotto secret 1 key");
const COMMITMENT_INFO = utf8("sotto secret 1 commitment");

/**
 * Seals a text into an envelope. Throws `RangeError` for a text over `LIMITS.text` and for an empty
 * passphrase. Callers check both first.
 */
export async function seal(
  input: SealInput,
  random: (length: number) => Uint8Array,
  cost: SecretCost = SECRET_COST,
): Promise<Uint8Array> {
  if (input.passphrase === "") throw new RangeError("Cannot seal: the passphrase is empty");
  if (!isAllowedCost(cost)) throw new RangeError("Cannot seal: recipients refuse that cost");
  const plain = pad(input.text);
  const salt = random(SALT_BYTES);
  const nonce = random(NONCE_BYTES);
  const { key, commitment } = await deriveKeys(input.passphrase, salt, cost);
  const costs = Uint8Array.of(VERSION, cost.log2N, cost.r, cost.p);
  const header = concat([costs, salt, commitment, nonce]);
  const sealed = gcm(key, nonce, associatedData(header, input)).encrypt(plain);
  key.fill(0);
  plain.fill(0);
  const body = concat([header, sealed]);
  return concat([body, checksumOf(body)]);
}

/** Opens an envelope. It never throws, whatever the envelope contains. */
export async function open(input: OpenInput): Promise<Opened> {
  const parsed = parse(input.envelope);
  if (!parsed.ok) return parsed;
  const { header, cost, sealed } = parsed;
  const salt = header.subarray(SALT, COMMITMENT);
  const { key, commitment } = await deriveKeys(input.passphrase, salt, cost);
  if (!equalBytes(commitment, header.subarray(COMMITMENT, NONCE))) {
    key.fill(0);
    return unopened("wrong_passphrase");
  }
  const cipher = gcm(key, header.subarray(NONCE), associatedData(header, input));
  try {
    const plain = cipher.decrypt(sealed);
    const text = unpad(plain);
    plain.fill(0);
    return text === undefined ? unopened("damaged") : { ok: true, text };
  } catch {
    return unopened("damaged"); // The tag does not match.
  } finally {
    key.fill(0);
  }
}

interface Parsed {
  readonly ok: true;
  readonly header: Uint8Array;
  readonly cost: SecretCost;
  /** Ciphertext and tag. */
  readonly sealed: Uint8Array;
}

/** Makes all checks that need no passphrase. */
function parse(envelope: Uint8Array): Parsed | Unopened {
  const end = envelope.length - CHECKSUM_BYTES;
  if (end < 1 || envelope.length > LIMITS.content) return unopened("damaged");
  const body = envelope.subarray(0, end);
  // First, so that damage is not reported as a wrong passphrase or a newer version.
  if (!equalBytes(checksumOf(body), envelope.subarray(end))) return unopened("damaged");
  const [version, log2N = 0, r = 0, p = 0] = body;
  if (version !== VERSION) return unopened("unsupported");
  const padded = end - HEADER - TAG_BYTES;
  if (padded < BLOCK || padded % BLOCK !== 0) return unopened("damaged");
  const cost = { log2N, r, p };
  if (!isAllowedCost(cost)) return unopened("unsupported");
  return { ok: true, header: body.subarray(0, HEADER), cost, sealed: body.subarray(HEADER) };
}

function unopened(reason: Unopened["reason"]): Unopened {
  return { ok: false, reason };
}

/** Whether scrypt is defined for the cost (RFC 7914, section 2), and the cost is within bounds. */
function isAllowedCost(cost: SecretCost): boolean {
  const { log2N, r, p } = cost;
  return log2N >= 1 && r >= 1 && p >= 1 && p <= MAX_LANES && log2N < 16 * r &&
    128 * 2 ** log2N * r <= MAX_MEMORY && workOf(cost) <= MAX_WORK;
}

/** Each of N p steps mixes r blocks, and takes as long again as one block to fetch them. */
function workOf({ log2N, r, p }: SecretCost): number {
  return 2 ** log2N * p * (r + 1);
}

async function deriveKeys(
  passphrase: string,
  salt: Uint8Array,
  { log2N, r, p }: SecretCost,
): Promise<{ key: Uint8Array; commitment: Uint8Array }> {
  const secret = utf8(passphrase.normalize("NFC"));
  const cost = { N: 2 ** log2N, r, p, dkLen: KEY_BYTES, asyncTick: TICK };
  const master = await scryptAsync(secret, salt, cost);
  const key = hkdf(sha256, master, undefined, KEY_INFO, KEY_BYTES);
  const commitment = hkdf(sha256, master, undefined, COMMITMENT_INFO, COMMITMENT_BYTES);
  secret.fill(0);
  master.fill(0);
  return { key, commitment };
}

/** The header, then each part of the context after its length. The encoding is unambiguous. */
function associatedData(header: Uint8Array, { from, to, ulid }: SecretContext): Uint8Array {
  const parts = [from, to, ulid].map(utf8);
  if (parts.some((part) => part.length > 255)) {
    throw new RangeError("Cannot seal: a name is too long");
  }
  return concat([header, ...parts.flatMap((part) => [Uint8Array.of(part.length), part])]);
}

/** Detects accidents only: it has no key, so anyone can recompute it. */
function checksumOf(body: Uint8Array): Uint8Array {
  return sha256(body).subarray(0, CHECKSUM_BYTES);
}

function pad(text: string): Uint8Array {
  const bytes = utf8(text);
  if (bytes.length > LIMITS.text) {
    throw new RangeError(
      `Cannot seal: the text has ${bytes.length} bytes; the limit is ${LIMITS.text}`,
    );
  }
  const padded = new Uint8Array(Math.ceil((LENGTH_BYTES + bytes.length) / BLOCK) * BLOCK);
  new DataView(padded.buffer).setUint16(0, bytes.length);
  padded.set(bytes, LENGTH_BYTES);
  bytes.fill(0);
  return padded;
}

/** `undefined` for padding that `pad` never makes. */
function unpad(padded: Uint8Array): string | undefined {
  const length = new DataView(padded.buffer, padded.byteOffset).getUint16(0);
  const end = LENGTH_BYTES + length;
  const rest = padded.subarray(end);
  if (length > LIMITS.text || end > padded.length || rest.length >= BLOCK) return undefined;
  if (rest.some((byte) => byte !== 0)) return undefined;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(padded.subarray(LENGTH_BYTES, end));
  } catch {
    return undefined;
  }
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
