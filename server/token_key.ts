/**
 * The key that signs tokens: made at the first start, in a file of the data folder, which it never
 * leaves. A server with another key accepts none of the old tokens.
 */
import { join } from "node:path";
import * as v from "valibot";
import { makePrivateFolder, readPrivateFile, writePrivateFileOnce } from "../certs/private_file.ts";
import { makeTokens, type TokenOptions, type Tokens } from "./services/tokens.ts";

/** The key file does not contain a key of the right kind. The message says what to do. */
export class TokenKeyError extends Error {
  override readonly name = "TokenKeyError";
}

const KEY_FILE = "token-key.json";
const CURVE = "Ed25519";
const PROBE_BYTES = 16;
/** A private Ed25519 key (RFC 8037, section 2). */
const KEY = v.object({
  kty: v.literal("OKP"),
  crv: v.literal(CURVE),
  x: v.string(),
  d: v.string(),
});

/** Loads the key from the folder, or makes it. Throws `TokenKeyError` and `PrivateFileError`. */
export async function openTokens(folder: string, options: TokenOptions): Promise<Tokens> {
  return makeTokens(await loadOrMakeKeys(folder), options);
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
  const keys = await crypto.subtle.generateKey({ name: CURVE }, true, ["sign", "verify"]);
  if (!("privateKey" in keys)) throw new Error("an Ed25519 key has two halves");
  const { kty, crv, x, d } = await crypto.subtle.exportKey("jwk", keys.privateKey);
  return JSON.stringify({ kty, crv, x, d, alg: "EdDSA", use: "sig" }) + "\n";
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
  const probe = new Uint8Array(PROBE_BYTES);
  const signature = await crypto.subtle.sign(algorithm, privateKey, probe);
  if (!await crypto.subtle.verify(algorithm, publicKey, signature, probe)) {
    throw new Error("x is not the public key of d");
  }
  return { privateKey, publicKey };
}
