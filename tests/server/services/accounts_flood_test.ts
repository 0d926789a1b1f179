/** Sign-ins while others sign in as fast as they can. */
import assert from "node:assert/strict";
import { ProtocolError } from "../../../protocol/errors.ts";
import { SERVER_LIMITS } from "../../../server/config.ts";
import { SILENT } from "../../../server/log.ts";
import { AddressRateLimiter } from "../../../server/rate_limiter.ts";
import { Accounts, type Credentials } from "../../../server/services/accounts.ts";
import { Invitations } from "../../../server/services/invitations.ts";
import {
  type HashRequest,
  type Passwords,
  startPasswords,
} from "../../../server/services/passwords.ts";
import { openTokens } from "../../../server/token_key.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";
import { tempFolder } from "../../helpers/temp_folder.ts";
import { tempStore } from "../../helpers/temp_store.ts";

const ANN = { user: "ann", password: "secret" } as const;

/** The real queue and threads, unless the test brings its own passwords. The limits are the server's. */
async function setUp(own?: Pick<Passwords, "hash" | "verify">) {
  const stack = new AsyncDisposableStack();
  const { store } = stack.use(await tempStore());
  const folder = stack.use(await tempFolder());
  const clock = new FakeClock();
  const cost = { m: 256, t: 1, p: 1 };
  const passwords = own ?? stack.use(startPasswords({ cost, threads: 1, clock }));
  const accounts = new Accounts({
    store,
    invitations: new Invitations({ store, clock }),
    passwords,
    tokens: await openTokens(folder.path, { issuer: "test" }),
    registration: "open",
    logins: new AddressRateLimiter(SERVER_LIMITS.logins),
    failures: new AddressRateLimiter(SERVER_LIMITS.failures),
    clock,
    log: SILENT,
  });
  const logIn = async (who: Credentials, address: string, gone = new AbortController().signal) => {
    const result = await accounts.login(who, { address, gone });
    return result.type === "refused" ? result.code : result.type;
  };
  return { store, logIn, clock, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

Deno.test("Accounts.login() lets everyone else in while eight addresses sign in all the time", async () => {
  await using server = await setUp();
  assert.equal(await server.logIn(ANN, "198.51.100.1"), "signed_in");
  let isOver = false;
  let names = 0;
  const flood = Array.from({ length: 8 * 40 }, async (_, at) => {
    while (!isOver) {
      await server.logIn({ user: `eve${names++}`, password: "x" }, `192.0.2.${at % 8}`);
      await settle(1);
    }
  });
  const outcomes = new Set<string>();
  for (let person = 0; person < 18; person++) {
    outcomes.add(await server.logIn(ANN, `203.0.113.${person}`));
  }
  isOver = true;
  await Promise.all(flood);
  assert.deepEqual([...outcomes], ["signed_in"]);
});

/** Passwords that are hashed when the test says so. */
function slowPasswords() {
  const hashed: string[] = [];
  let gate = Promise.withResolvers<void>();
  const hash = async (password: string, { gone, admit }: HashRequest) => {
    if (gone.aborted) throw new ProtocolError("busy");
    await gate.promise;
    if (!admit()) throw new ProtocolError("rate_limited");
    hashed.push(password);
    return `plain ${password}`;
  };
  const verify = async (password: string, stored: string | undefined, request: HashRequest) => {
    return { ok: await hash(password, request) === stored, rehash: false };
  };
  /** Lets sign-ins wait, does something meanwhile, then hashes. Returns how each of them ended. */
  const together = async (signIns: readonly Promise<string>[], meanwhile = () => {}) => {
    await settle();
    meanwhile();
    gate.resolve();
    const outcomes = await Promise.all(signIns);
    gate = Promise.withResolvers();
    return outcomes;
  };
  return { passwords: { hash, verify }, hashed, together };
}

Deno.test("Accounts.login() judges no more guesses at once than an address may fail", async () => {
  const { passwords, hashed, together } = slowPasswords();
  await using server = await setUp(passwords);
  const { burst } = SERVER_LIMITS.failures;
  const guess = { ...ANN, password: "wrong", intent: "login" } as const;
  const guesses = Array.from({ length: 100 }, () => server.logIn(guess, "192.0.2.1"));
  const outcomes = await together(guesses);
  assert.equal(outcomes.filter((code) => code === "bad_credentials").length, burst);
  assert.equal(outcomes.filter((code) => code === "rate_limited").length, 100 - burst);
  assert.equal(hashed.length, burst);
});

Deno.test("Accounts.login() counts no sign-in as a failure that was right, or not judged", async () => {
  const { passwords, together } = slowPasswords();
  await using server = await setUp(passwords);
  const all = (gone?: AbortSignal) =>
    Array.from({ length: SERVER_LIMITS.failures.burst }, () => {
      return server.logIn(ANN, "192.0.2.1", gone);
    });
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(new Set(await together(all())), new Set(["signed_in"]));
    const connection = new AbortController();
    const dropped = await together(all(connection.signal), () => connection.abort());
    assert.deepEqual(new Set(dropped), new Set(["busy"]));
  }
});

Deno.test("Accounts.login() makes no account and no login for a connection that has ended", async () => {
  const { passwords, together } = slowPasswords();
  await using server = await setUp(passwords);
  const connection = new AbortController();
  const signIn = server.logIn(ANN, "192.0.2.1", connection.signal);
  assert.deepEqual(await together([signIn], () => connection.abort()), ["busy"]);
  assert.equal(await server.store.accounts.byName("ann"), undefined);
});
