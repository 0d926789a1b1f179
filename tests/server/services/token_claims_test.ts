import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { SILENT } from "../../../server/log.ts";
import { AddressRateLimiter } from "../../../server/rate_limiter.ts";
import { Accounts } from "../../../server/services/accounts.ts";
import { Invitations } from "../../../server/services/invitations.ts";
import { openTokens } from "../../../server/token_key.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";
import { decodeToken, forgeToken } from "../../helpers/forged_token.ts";
import { tempFolder } from "../../helpers/temp_folder.ts";
import { tempStore } from "../../helpers/temp_store.ts";

const DOCUMENT = new URL("../../../docs/security.md", import.meta.url);

/** Accounts, and a way to sign in with a token that says what the test wants, under the server's key. */
async function setUp() {
  const stack = new AsyncDisposableStack();
  const { store } = stack.use(await tempStore());
  const keys = stack.use(await tempFolder());
  const clock = new FakeClock();
  const rate = { rate: 1, burst: 100 };
  const accounts = new Accounts({
    store,
    invitations: new Invitations({ store, clock }),
    passwords: {
      hash: () => Promise.resolve("hashed"),
      verify: () => Promise.resolve({ ok: true, rehash: false }),
    },
    tokens: await openTokens(keys.path, { issuer: "sotto" }),
    registration: "open",
    logins: new AddressRateLimiter(rate),
    failures: new AddressRateLimiter(rate),
    clock,
    log: SILENT,
  });
  const logIn = async (user: string) => {
    const gone = new AbortController().signal;
    const result = await accounts.login({ user, password: "secret" }, { address: "a", gone });
    assert.ok(result.type === "signed_in");
    return decodeToken(result.token);
  };
  const resume = async ({ header, claims }: ReturnType<typeof decodeToken>) => {
    return (await accounts.resume(forgeToken(keys.path, header, claims))).type;
  };
  return { logIn, resume, clock, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

Deno.test("docs/security.md names what a token is checked for, and the server checks all of it", async () => {
  await using server = await setUp();
  const { header, claims } = await server.logIn("ann");
  const bob = await server.logIn("bob");
  assert.equal(await server.resume({ header, claims }), "signed_in");
  const now = server.clock.time() / 1000;
  const others = {
    typ: "JWT",
    iss: "elsewhere",
    aud: "elsewhere",
    exp: now - 1,
    nbf: now + 60,
    iat: now + 60,
    jti: bob.claims["jti"],
    sub: "bob",
  };
  const refused: string[] = [];
  for (const [name, value] of Object.entries(others)) {
    const forged = name === "typ"
      ? { header: { ...header, typ: value }, claims }
      : { header, claims: { ...claims, [name]: value } };
    if (await server.resume(forged) === "refused") refused.push(name);
  }
  const said = /checks the signature, (.*?) \(RFC 8725\)/s.exec(await readFile(DOCUMENT, "utf8"));
  const named = [...said?.[1]?.matchAll(/`(\w+)`/g) ?? []].map(([, name]) => name);
  assert.deepEqual(named, refused);
});

Deno.test("Accounts.resume() takes a token that was issued before the clock was set back", async () => {
  await using server = await setUp();
  const token = await server.logIn("ann");
  server.clock.set(server.clock.time() - 60 * 60 * 1000);
  assert.equal(await server.resume(token), "signed_in");
});
