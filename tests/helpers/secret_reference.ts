/**
 * Builds the envelope of a secret message from `docs/protocol.md` with node:crypto. It shares no code
 * with `protocol/secret.ts`, and can make envelopes that `protocol/secret.ts` never makes.
 */
import { Buffer } from "node:buffer";
import { createCipheriv, createHash, hkdfSync, scryptSync } from "node:crypto";

export interface ReferenceInput {
  readonly passphrase: string;
  readonly from: string;
  readonly to: string;
  readonly ulid: string;
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  /** With any padding. */
  readonly plain: Uint8Array;
}

interface ReferenceParts {
  readonly passphraseBytes: Uint8Array;
  readonly master: Uint8Array;
  readonly key: Uint8Array;
  readonly commitment: Uint8Array;
  readonly associatedData: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
  readonly checksum: Uint8Array;
  readonly envelope: Uint8Array;
}

export function sealByReference(input: ReferenceInput): ReferenceParts {
  const { log2N, r, p, salt, nonce } = input;
  const passphraseBytes = Buffer.from(input.passphrase.normalize("NFC"), "utf8");
  const master = scryptSync(passphraseBytes, salt, 32, { N: 2 ** log2N, r, p, maxmem: 2 ** 29 });
  const key = derive(master, "sotto secret 1 key");
  const commitment = derive(master, "sotto secret 1 commitment");
  const header = Buffer.concat([Buffer.of(1, log2N, r, p), salt, commitment, nonce]);
  const names = [input.from, input.to, input.ulid].map((name) => Buffer.from(name, "utf8"));
  const associatedData = Buffer.concat([
    header,
    ...names.flatMap((name) => [Buffer.of(name.length), name]),
  ]);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(associatedData);
  const ciphertext = Buffer.concat([cipher.update(input.plain), cipher.final()]);
  const tag = cipher.getAuthTag();
  const envelope = withChecksum(Buffer.concat([header, ciphertext, tag]));
  const checksum = envelope.subarray(-8);
  return {
    passphraseBytes,
    master,
    key,
    commitment,
    associatedData,
    ciphertext,
    tag,
    checksum,
    envelope,
  };
}

/** Appends the correct checksum. */
export function withChecksum(body: Uint8Array): Uint8Array {
  return Buffer.concat([body, createHash("sha256").update(body).digest().subarray(0, 8)]);
}

function derive(master: Uint8Array, info: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", master, new Uint8Array(), info, 32));
}
