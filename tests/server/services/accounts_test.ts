import assert from "node:assert/strict";
import { parsePhc } from "../../../server/services/phc.ts";
import { SILENT } from "../../../server/log.ts";
import { AddressRateLimiter } from "../../../server/rate_limiter.ts";
import type { Registration } from "../../../server/config.ts";
import { Accounts, type Credentials } from "../../../server/services/accounts.ts";
import { Invitations } from "../../../server/services/invitations.ts";
import { startPasswords } from "../../../server/services/passwords.ts";
import { openTokens } from "../../../server/token_key.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";
import { CHEAP_PASSWORDS } from "../../helpers/server.ts";
import { tempStore } from "../../helpers/temp_store.ts";

const gone = new AbortController().signal;
const HERE = { address: "192.0.2.1", gone };
const DAY = 24 * 60 * 60 * 1000;

/** The real passwords in their thread, the real tokens, the real store. */
async function setUp() {
  const stack = new AsyncDisposableStack();
  const { store } = stack.use(await tempStore());
  const clock = new FakeClock();
  const passwords = stack.use(startPasswords(CHEAP_PASSWORDS));
  const folder = await Deno.makeTempDir({ prefix: "sotto-keys-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const tokens = await openTokens(folder, { issuer: "test" });
  const logins = new AddressRateLimiter({ rate: 1, burst: 1_000 });
  const failures = new AddressRateLimiter({ rate: 0.1, burst: 20 });
  const invites = new Invitations({ store, clock });
  const accounts = (registration: Registration = "open") =>
    new Accounts({
      store,
      invitations: invites,
      passwords,
      tokens,
      registration,
      logins,
      failures,
      clock,
      log: SILENT,
    });
  return {
    store,
    clock,
    stack,
    accounts,
    invites,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

type Setting = Awaited<ReturnType<typeof setUp>>;

/** What became of an attempt, in short. */
async function outcome(accounts: Accounts, user: string, more: Partial<Credentials> = {}) {
  const result = await accounts.login({ user, password: "secret", ...more }, HERE);
  if (result.type === "refused") return result.code;
  return `${result.account.number} ${result.account.name}${result.created ? ", new" : ""}`;
}

// One test with the thread: starting it takes half a second.
Deno.test("Accounts.login() registers a new name where that is open, and knows it from then on", async (test) => {
  await using setting = await setUp();
  await registrationSteps(test, setting);
  await nameAndPasswordSteps(test, setting);
  await tokenSteps(test, setting);
});

async function registrationSteps(test: Deno.TestContext, setting: Setting): Promise<void> {
  const open = setting.accounts("open");
  const closed = setting.accounts("closed");
  const invite = setting.accounts("invite");

  await test.step("by what the client intends", async () => {
    assert.equal(await outcome(open, "ann", { intent: "login" }), "bad_credentials");
    assert.equal(await outcome(open, "ann"), "1 ann, new");
    assert.equal(await outcome(open, "ann"), "1 ann");
    assert.equal(await outcome(open, "ann", { intent: "login" }), "1 ann");
    assert.equal(await outcome(open, "ann", { intent: "register" }), "name_taken");
    assert.equal(await outcome(open, "bob", { intent: "register" }), "2 bob, new");
    assert.equal(await outcome(open, "ann", { password: "Secret" }), "bad_credentials");
  });

  await test.step("not where registration is closed, or by invitation, telling no names", async () => {
    const reasons = [
      [closed, "New names cannot be registered here.", "registration_closed"],
      [invite, "A new name needs an invitation here.", "bad_code"],
    ] as const;
    for (const [accounts, reason, registering] of reasons) {
      for (const name of ["carl", "ann"]) {
        const wrong = { password: "wrong" };
        assert.deepEqual(await accounts.login({ user: name, ...wrong }, HERE), {
          type: "refused",
          code: "bad_credentials",
          message: `The name or the password is wrong. ${reason}`,
        });
        const code = "no-such-code";
        const register = { intent: "register" } as const;
        assert.equal(await outcome(accounts, name, register), registering);
        assert.equal(await outcome(accounts, name, { ...register, code }), registering);
        const isCode = accounts === invite ? "bad_code" : "bad_credentials";
        assert.equal(await outcome(accounts, name, { ...wrong, code }), isCode);
        const login = { ...wrong, intent: "login", code } as const;
        assert.equal(await outcome(accounts, name, login), "bad_credentials");
      }
      assert.equal(await outcome(accounts, "ann"), "1 ann");
      assert.equal(await outcome(accounts, "ann", { code: "no-such-code" }), "1 ann");
    }
    assert.equal(await setting.store.accounts.byName("carl"), undefined);
  });

  await test.step("folding what was typed, and refusing what is no name or is reserved", async () => {
    assert.equal(await outcome(open, " Ann "), "1 ann");
    for (
      const name of ["", "1st", "a b", "änn", "x".repeat(33), "a:b", "quit", "Server", "\u212aate"]
    ) {
      assert.equal(await outcome(open, name), "bad_name", name);
    }
  });

  await test.step("once, when two ask at the same moment", async () => {
    const both = await Promise.all([outcome(open, "dora"), outcome(open, "dora")]);
    assert.deepEqual(both.sort(), ["3 dora", "3 dora, new"]);
    const others = await Promise.all([
      outcome(open, "emil"),
      outcome(open, "emil", { password: "mine!" }),
    ]);
    assert.deepEqual(others.sort(), ["4 emil, new", "bad_credentials"]);
  });

  await test.step("storing a hash, and the hash at today's cost after the next login", async () => {
    const cheap = await setting.store.accounts.byName("ann");
    assert.deepEqual(parsePhc(cheap?.passwordHash ?? "")?.cost, CHEAP_PASSWORDS.cost);
    assert.doesNotMatch(cheap?.passwordHash ?? "", /secret/);
  });
}

/** Ann has an account from the steps before. */
async function nameAndPasswordSteps(test: Deno.TestContext, setting: Setting): Promise<void> {
  const open = setting.accounts("open");

  await test.step("with a password however it is composed, and otherwise as it was sent", async () => {
    await setting.clock.pass(DAY); // Failures of the steps before are forgotten.
    const [composed, decomposed] = ["Caf\u00e9", "Cafe\u0301"];
    assert.equal(await outcome(open, "fred", { password: decomposed }), "5 fred, new");
    assert.equal(await outcome(open, "fred", { password: composed }), "5 fred");
    assert.equal(await outcome(open, "fred", { password: decomposed }), "5 fred");
    for (const password of ["caf\u00e9", "Cafe", "Caf\u00e9 ", "\uff23af\u00e9"]) {
      assert.equal(await outcome(open, "fred", { password }), "bad_credentials");
    }
  });

  await test.step("refusing names of offices for new accounts, and no account that has one", async () => {
    for (const name of ["admin", "root", "Support"]) {
      const result = await open.login({ user: name, password: "secret" }, HERE);
      assert.ok(result.type === "refused");
      assert.equal(result.code, "bad_name");
      assert.match(result.message ?? "", /reserved.* Choose another/);
    }
    const earlier = await setting.store.accounts.byName("ann");
    const { accounts } = setting.store;
    await accounts.create("admin", earlier?.passwordHash ?? "", setting.clock.time());
    assert.equal(await outcome(open, "admin"), "6 admin");
    assert.equal(await outcome(open, "admin", { intent: "register" }), "name_taken");
  });
}

/** Ann has an account from the steps before. */
async function tokenSteps(test: Deno.TestContext, setting: Setting): Promise<void> {
  const open = setting.accounts("open");

  await test.step("and lets the token stand for the password until it is ended or expires", async () => {
    const result = await open.login({ user: "ann", password: "secret" }, HERE);
    assert.ok(result.type === "signed_in");
    const again = await open.resume(result.token);
    assert.deepEqual(again, { ...result, created: false });
    const other = await open.login({ user: "ann", password: "secret" }, HERE);
    assert.ok(other.type === "signed_in");

    await open.logout(result.loginId);
    assert.deepEqual(await open.resume(result.token), { type: "refused", code: "bad_token" });
    assert.equal((await open.resume(other.token)).type, "signed_in");
    await setting.clock.pass(other.expires - setting.clock.time());
    assert.deepEqual(await open.resume(other.token), { type: "refused", code: "bad_token" });
    assert.ok(other.expires > DAY);
  });

  await test.step("by the machine's clock, and counting by one that nobody sets", async () => {
    const result = await open.login({ user: "ann", password: "secret" }, HERE);
    assert.ok(result.type === "signed_in");
    setting.clock.set(result.expires - 1);
    assert.equal((await open.resume(result.token)).type, "signed_in");
    setting.clock.set(result.expires);
    assert.equal((await open.resume(result.token)).type, "refused");
  });

  await test.step("and counts failures by address", async () => {
    const guess = () => outcome(open, "ann", { password: "wrong" });
    const codes = new Set<string>();
    for (let attempt = 0; attempt < 25; attempt++) codes.add(await guess());
    assert.deepEqual([...codes], ["bad_credentials", "rate_limited"]);
    setting.clock.set(setting.clock.time() + DAY);
    assert.equal(await guess(), "rate_limited");
    const elsewhere = await open.login({ user: "ann", password: "secret" }, {
      ...HERE,
      address: "192.0.2.2",
    });
    assert.equal(elsewhere.type, "signed_in");
    await setting.clock.pass(10_000);
    assert.equal(await outcome(open, "ann"), "1 ann");
  });
}

Deno.test("Accounts.login() stores a password again at today's cost when it was stored at a lower one", async () => {
  await using setting = await setUp();
  const before = await outcome(setting.accounts(), "ann");
  assert.equal(before, "1 ann, new");
  const dearer = { m: 16, t: 2, p: 1 };
  await using passwords = startPasswords({ cost: dearer });
  const folder = await Deno.makeTempDir({ prefix: "sotto-keys-" });
  setting.stack.defer(() => Deno.remove(folder, { recursive: true }));
  const { promise: rehashed, resolve } = Promise.withResolvers<string>();
  const accounts = new Accounts({
    store: {
      logins: setting.store.logins,
      accounts: {
        byName: (name) => setting.store.accounts.byName(name),
        create: () => Promise.reject(new Error("Not expected")),
        setPasswordHash: (_, hash) => Promise.resolve(resolve(hash)),
      },
    },
    invitations: new Invitations({ store: setting.store, clock: setting.clock }),
    passwords,
    tokens: await openTokens(folder, { issuer: "test" }),
    registration: "closed",
    logins: new AddressRateLimiter({ rate: 1, burst: 1 }),
    failures: new AddressRateLimiter({ rate: 1, burst: 1 }),
    clock: setting.clock,
    log: SILENT,
  });
  assert.equal(await outcome(accounts, "ann"), "1 ann");
  assert.deepEqual(parsePhc(await rehashed)?.cost, dearer);
});

Deno.test("Accounts.login() creates an account with a valid code where registration is by invitation, and counts the use", async (test) => {
  await using setting = await setUp();
  const { clock, invites } = setting;
  const accounts = setting.accounts("invite");
  const make = async (uses: number) => (await invites.create({ uses, lifetime: DAY })).code;

  await test.step("as often as the code says", async () => {
    const code = await make(2);
    assert.equal(await outcome(accounts, "ann", { code }), "1 ann, new");
    assert.equal(
      await outcome(accounts, "ann", { code }),
      "1 ann",
      "an account needs no further use",
    );
    assert.equal(await outcome(accounts, "ann", { code, intent: "register" }), "name_taken");
    assert.equal(await outcome(accounts, "ann", { code, password: "x" }), "bad_credentials");
    assert.equal(await outcome(accounts, "quit", { code }), "bad_name");
    assert.equal(await outcome(accounts, "bob", { code, intent: "register" }), "2 bob, new");
    assert.equal(await outcome(accounts, "carl", { code }), "bad_code");
    assert.equal(await outcome(accounts, "carl", { code, intent: "register" }), "bad_code");
    assert.equal(await outcome(accounts, "ann", { code }), "1 ann");
  });

  await test.step("one of two who come at once with one use", async () => {
    const code = await make(1);
    const both = await Promise.all([
      outcome(accounts, "dora", { code }),
      outcome(accounts, "emil", { code }),
    ]);
    assert.deepEqual(both.map((one) => one.replace(/\w+, new/, "new")).sort(), [
      "3 new",
      "bad_code",
    ]);
  });

  await test.step("until the code expires, or is withdrawn", async () => {
    const code = await make(5);
    const { number, code: other } = await invites.create({ uses: 5, lifetime: 2 * DAY });
    clock.set(clock.time() + DAY);
    assert.equal(await outcome(accounts, "fred", { code }), "bad_code");
    assert.equal(await outcome(accounts, "fred", { code: other }), "4 fred, new");
    await setting.store.invitations.withdraw(number);
    assert.equal(await outcome(accounts, "gwen", { code: other }), "bad_code");
  });

  await test.step("while an address has not guessed too often", async () => {
    const { store } = setting;
    const strict = new Accounts({
      store,
      invitations: invites,
      passwords: { hash: () => Promise.reject(new Error("hashed")), verify: REFUSING },
      tokens: { issue: () => Promise.reject(new Error("issued")), verify: NOBODY },
      registration: "invite",
      logins: new AddressRateLimiter({ rate: 1, burst: 100 }),
      failures: new AddressRateLimiter({ rate: 0.001, burst: 3 }),
      clock,
      log: SILENT,
    });
    const guess = (code: string) => outcome(strict, "gwen", { code, intent: "register" });
    const outcomes = [];
    for (const code of ["a", "b", "c", "d"]) outcomes.push(await guess(code));
    assert.deepEqual(outcomes, ["bad_code", "bad_code", "bad_code", "rate_limited"]);
  });
});

const REFUSING = () => Promise.resolve({ ok: false, rehash: false });
const NOBODY = () => Promise.resolve(undefined);
