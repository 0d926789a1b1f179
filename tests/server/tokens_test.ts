import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createPublicKey, verify } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import { PrivateFileError } from "../../certs/private_file.ts";
import { openTokens, TokenKeyError } from "../../server/token_key.ts";
import { decodeToken, forgeToken } from "../helpers/forged_token.ts";
import { tempFolder } from "../helpers/temp_folder.ts";

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0, 250);
const SECOND = 1000;
const HOUR = 3600 * SECOND;
const OPTIONS = { issuer: "sotto.example", lifetime: HOUR };

Deno.test("Tokens.verify() takes what Tokens.issue() made", async () => {
  await using folder = await tempFolder();
  const tokens = await openTokens(folder.path, OPTIONS);
  const { token, loginId, expiresAt } = await tokens.issue("alice", NOW);
  assert.deepEqual(await tokens.verify(token, NOW), { loginId, account: "alice" });
  assert.equal(expiresAt, Date.UTC(2026, 10, 20, 13));
});

Deno.test("Tokens.issue() signs with Ed25519, and says typ, iss, aud, sub, jti, iat, exp", async () => {
  await using folder = await tempFolder();
  const tokens = await openTokens(folder.path, OPTIONS);
  const { token, loginId } = await tokens.issue("alice", NOW);
  const { header, claims } = decodeToken(token);
  assert.deepEqual(header, { alg: "EdDSA", typ: "sotto-session+jwt" });
  const iat = Date.UTC(2026, 10, 20, 12) / SECOND;
  assert.deepEqual(claims, {
    iss: "sotto.example",
    aud: "sotto",
    sub: "alice",
    jti: loginId,
    iat,
    exp: iat + 3600,
  });
  const jwk = JSON.parse(await Deno.readTextFile(join(folder.path, "token-key.json")));
  const [head, body, signature = ""] = token.split(".");
  const key = createPublicKey({ key: { kty: jwk.kty, crv: jwk.crv, x: jwk.x }, format: "jwk" });
  assert.ok(verify(null, Buffer.from(`${head}.${body}`), key, Buffer.from(signature, "base64url")));
});

Deno.test("Tokens.issue() gives each session another ID", async () => {
  await using folder = await tempFolder();
  const tokens = await openTokens(folder.path, OPTIONS);
  const one = await tokens.issue("alice", NOW);
  const other = await tokens.issue("alice", NOW);
  assert.notEqual(one.loginId, other.loginId);
  assert.match(one.loginId, /^[\w-]{22}$/);
});

Deno.test("Tokens.verify() refuses a token from the moment that it expires", async () => {
  await using folder = await tempFolder();
  const tokens = await openTokens(folder.path, OPTIONS);
  const { token, expiresAt } = await tokens.issue("alice", NOW);
  assert.ok(await tokens.verify(token, expiresAt - 1));
  assert.equal(await tokens.verify(token, expiresAt), undefined);
});

Deno.test("Tokens.verify() refuses a token with any character changed", async () => {
  await using folder = await tempFolder();
  const tokens = await openTokens(folder.path, OPTIONS);
  const { token } = await tokens.issue("alice", NOW);
  for (let at = 0; at < token.length; at++) {
    // A and Q differ in the bits that count in the last character too (RFC 4648, section 3.5).
    const changed = token[at] === "A" ? "Q" : "A";
    const tampered = token.slice(0, at) + changed + token.slice(at + 1);
    const verified = await tokens.verify(tampered, NOW);
    assert.equal(verified, undefined, `character ${at}`);
  }
});

Deno.test("Tokens.verify() refuses other servers' tokens, whatever they say", async () => {
  await using ours = await tempFolder();
  await using theirs = await tempFolder();
  const { token } = await (await openTokens(theirs.path, OPTIONS)).issue("alice", NOW);
  assert.equal(await (await openTokens(ours.path, OPTIONS)).verify(token, NOW), undefined);
  const renamed = await openTokens(theirs.path, { ...OPTIONS, issuer: "other.example" });
  assert.equal(await renamed.verify(token, NOW), undefined);
});

Deno.test("Tokens.verify() checks every claim, even under the right key", async () => {
  await using folder = await tempFolder();
  const tokens = await openTokens(folder.path, OPTIONS);
  const { header, claims } = decodeToken((await tokens.issue("alice", NOW)).token);
  const verify = (header: Record<string, unknown>, claims: Record<string, unknown>) =>
    tokens.verify(forgeToken(folder.path, header, claims), NOW);
  assert.ok(await verify(header, claims), "the forger's own work is good");
  for (const claim of ["iss", "aud", "sub", "jti", "iat", "exp"]) {
    const { [claim]: _, ...others } = claims;
    assert.equal(await verify(header, others), undefined, `without ${claim}`);
    assert.equal(await verify(header, { ...others, [claim]: {} }), undefined, `an odd ${claim}`);
  }
  assert.equal(await verify(header, { ...claims, aud: "elsewhere" }), undefined);
  assert.equal(await verify(header, { ...claims, nbf: NOW / SECOND + 60 }), undefined);
  for (const typ of [undefined, "JWT", "sotto-invite+jwt"]) {
    assert.equal(await verify({ ...header, typ }, claims), undefined, `typ ${typ}`);
  }
  for (const alg of ["none", "Ed25519", "HS256", "ES256", undefined]) {
    assert.equal(await verify({ ...header, alg }, claims), undefined, `alg ${alg}`);
  }
  assert.equal(await verify({ ...header, crit: ["x"], x: 1 }, claims), undefined);
});

Deno.test("Tokens.verify() never throws, whatever comes", async () => {
  await using folder = await tempFolder();
  const tokens = await openTokens(folder.path, OPTIONS);
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom("", "e30", "bnVsbA", "W10", "eyJhbGciOiJub25lIn0", "eyJhbGciOiJFZERTQSJ9"),
  );
  const texts = fc.oneof(fc.string(), fc.array(part, { maxLength: 5 }).map((p) => p.join(".")));
  await fc.assert(fc.asyncProperty(texts, async (text) => {
    assert.equal(await tokens.verify(text, NOW), undefined);
  }));
  assert.equal(await tokens.verify("x".repeat(1_000_000), NOW), undefined);
});

Deno.test("openTokens() makes its key once, for its owner alone", async () => {
  await using folder = await tempFolder();
  const data = join(folder.path, "data");
  const { token } = await (await openTokens(data, OPTIONS)).issue("alice", NOW);
  const file = join(data, "token-key.json");
  const key = await Deno.readTextFile(file);
  assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
  assert.ok(await (await openTokens(data, OPTIONS)).verify(token, NOW));
  assert.equal(await Deno.readTextFile(file), key);
});

Deno.test("openTokens() agrees with others that start at once", async () => {
  await using folder = await tempFolder();
  const starts = Array.from({ length: 6 }, () => openTokens(folder.path, OPTIONS));
  const [first, ...others] = await Promise.all(starts);
  const issued = await first?.issue("alice", NOW);
  for (const other of others) assert.ok(await other.verify(issued?.token ?? "", NOW));
});

Deno.test("openTokens() refuses a key that is damaged, and leaves it alone", async () => {
  await using folder = await tempFolder();
  await openTokens(folder.path, OPTIONS);
  const file = join(folder.path, "token-key.json");
  const good = JSON.parse(await Deno.readTextFile(file));
  const flipped = good.x[5] === "A" ? "B" : "A";
  for (
    const text of [
      "",
      "{",
      "null",
      "{}",
      JSON.stringify({ ...good, d: undefined }),
      JSON.stringify({ ...good, d: "AAAA" }),
      JSON.stringify({ ...good, kty: "EC", crv: "P-256" }),
      JSON.stringify({ ...good, x: good.x.slice(0, 5) + flipped + good.x.slice(6) }),
    ]
  ) {
    await Deno.writeTextFile(file, text);
    await assert.rejects(
      openTokens(folder.path, OPTIONS),
      (error) => error instanceof TokenKeyError && /remove it/.test(error.message),
      text,
    );
    assert.equal(await Deno.readTextFile(file), text);
  }
});

Deno.test("openTokens() refuses a key that others may read", async () => {
  await using folder = await tempFolder();
  await openTokens(folder.path, OPTIONS);
  await Deno.chmod(join(folder.path, "token-key.json"), 0o644);
  await assert.rejects(
    openTokens(folder.path, OPTIONS),
    (error) => error instanceof PrivateFileError && error.code === "permissions",
  );
});
