/**
 * Tokens: what a client signs in with instead of its password, after the first time. They are JWTs
 * (RFC 7519), signed with EdDSA by a key that is made at the first start and never leaves the data
 * folder.
 *
 * A token that verifies was issued by this server and has not expired. Whether its login was ended
 * since is stored: callers of `verify` MUST look the login up (`LoginStore`).
 */
import { join } from "node:path";
import { base64url, errors, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import * as v from "valibot";
import { randomBytes } from "@noble/hashes/utils.js";
import {
  makePrivateFolder,
  readPrivateFile,
  writePrivateFileOnce,
} from "../../certs/private_file.ts";
import { LIMITS } from "../../protocol/limits.ts";

export interface Tokens {
  /** A token for a new login of the account. */
  issue(account: string, now: number): Promise<IssuedToken>;
  /** `undefined` for a token that is not this server's, was changed, or has expired. */
  verify(token: string, now: number): Promise<VerifiedToken | undefined>;
}

interface IssuedToken {
  readonly token: string;
  /** The claim `jti`. */
  readonly loginId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

interface VerifiedToken {
  readonly loginId: string;
  readonly account: string;
}

interface TokenOptions {
  /** Names the server in the claim `iss`. A server refuses the tokens of another name. */
  readonly issuer: string;
  /** How long a token is valid. Milliseconds. */
  readonly lifetime?: number;
  readonly random?: (length: number) => Uint8Array;
}

/** The key file does not contain a key of the right kind. The message says what to do. */
export class TokenKeyError extends Error {
  override readonly name = "TokenKeyError";
}

const KEY_FILE = "token-key.json";
/** The only algorithm that is accepted, whatever a token's header says. */
const ALGORITHM = "EdDSA";
const CURVE = "Ed25519";
/** Tells these tokens from other JWTs of the same key (RFC 8725, section 3.11). */
const TYPE = "sotto-session+jwt";
const AUDIENCE = "sotto";
const LIFETIME = 30 * 24 * 60 * 60 * 1000;
const ID_BYTES = 16;
/** A private Ed25519 key (RFC 8037, section 2). */
const KEY = v.object({
  kty: v.literal("OKP"),
  crv: v.literal(CURVE),
  x: v.string(),
  d: v.string(),
});

/** Loads the key from the folder; makes it at the first start. */
export async function openTokens(folder: string, options: TokenOptions): Promise<Tokens> {
  const { issuer, lifetime = LIFETIME, random = randomBytes } = options;
  const { privateKey, publicKey } = await loadOrMakeKeys(folder);
  return {
    async issue(account, now) {
      const loginId = base64url.encode(random(ID_BYTES));
      const issuedAt = Math.floor(now / 1000);
      const expires = issuedAt + Math.floor(lifetime / 1000);
      const token = await new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setSubject(account)
        .setJti(loginId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expires)
        .sign(privateKey);
      return { token, loginId, expiresAt: expires * 1000 };
    },
    async verify(token, now) {
      if (token.length > LIMITS.token) return undefined;
      try {
        const { payload } = await jwtVerify(token, publicKey, {
          algorithms: [ALGORITHM],
          typ: TYPE,
          issuer,
          audience: AUDIENCE,
          requiredClaims: ["exp", "iat"],
          currentDate: new Date(now),
        });
        const { jti, sub } = payload;
        return typeof jti === "string" && typeof sub === "string"
          ? { loginId: jti, account: sub }
          : undefined;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}

async function loadOrMakeKeys(folder: string): Promise<CryptoKeyPair> {
  const path = join(folder, KEY_FILE);
  await makePrivateFolder(folder);
  let text = await readPrivateFile(path);
  if (text === undefined) {
    await writePrivateFileOnce(path, await makeKey());
    text = await readPrivateFile(path); // Another process may have made one first: that one is used.
  }
  try {
    return await importKeys(v.parse(KEY, JSON.parse(text ?? "")));
  } catch (cause) {
    throw new TokenKeyError(
      `Cannot use ${path}: it contains no ${CURVE} key. Restore it from a copy, or remove it: the ` +
        "next start makes a new key, and all users sign in with their passwords once.",
      { cause },
    );
  }
}

async function makeKey(): Promise<string> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { crv: CURVE, extractable: true });
  return JSON.stringify({ ...await exportJWK(privateKey), alg: ALGORITHM, use: "sig" }) + "\n";
}

/** Throws if the parts are no key, or belong to different keys. */
async function importKeys({ kty, crv, x, d }: v.InferOutput<typeof KEY>): Promise<CryptoKeyPair> {
  const algorithm = { name: CURVE };
  const privateKey = await crypto.subtle.importKey("jwk", { kty, crv, x, d }, algorithm, false, [
    "sign",
  ]);
  const publicKey = await crypto.subtle.importKey("jwk", { kty, crv, x }, algorithm, true, [
    "verify",
  ]);
  // Not every runtime compares `x` with `d`. If they differ, no signature can be verified.
  const probe = new Uint8Array(ID_BYTES);
  const signature = await crypto.subtle.sign(algorithm, privateKey, probe);
  if (!await crypto.subtle.verify(algorithm, publicKey, signature, probe)) {
    throw new Error("x is not the public key of d");
  }
  return { privateKey, publicKey };
}
