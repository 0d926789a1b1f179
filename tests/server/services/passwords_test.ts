import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { systemClock } from "../../../protocol/clock.ts";
import { ProtocolError } from "../../../protocol/errors.ts";
import { TIMES } from "../../../protocol/limits.ts";
import {
  type HashRequest,
  PASSWORD_COST,
  type PasswordOptions,
  startPasswords,
} from "../../../server/services/passwords.ts";
import { parsePhc } from "../../../server/services/phc.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";

const CHEAP = { m: 8, t: 1, p: 1 };
/** Does what the passwords `crash`, `exit` and `hang` say. */
const ODD_WORKER = new URL("../../helpers/failing_password_worker.ts", import.meta.url);

// The reference implementation's own tests (github.com/P-H-C/phc-winner-argon2, src/test.c).
const REFERENCE = [
  "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
  "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
];

/** One thread, and every job from the same address unless the test says otherwise. */
function startCheap(options: PasswordOptions = {}) {
  return start({ cost: CHEAP, threads: 1, ...options });
}

function start(options: PasswordOptions = {}) {
  const passwords = startPasswords(options);
  const { now } = options.clock ?? systemClock;
  const requestOf = (from: Partial<HashRequest>) => ({
    address: "192.0.2.1",
    gone: new AbortController().signal,
    since: now(),
    admit: () => true,
    ...from,
  });
  return {
    hash: (password: string, from: Partial<HashRequest> = {}) =>
      passwords.hash(password, requestOf(from)),
    verify: (password: string, stored: string | undefined) =>
      passwords.verify(password, stored, requestOf({})),
    [Symbol.asyncDispose]: () => passwords[Symbol.asyncDispose](),
  };
}

function failsWith(code: string): (error: unknown) => boolean {
  return (error) => error instanceof ProtocolError && error.code === code;
}

Deno.test("Passwords.hash() makes an Argon2id PHC string at OWASP's cost", async () => {
  await using passwords = start();
  const stored = await passwords.hash("correct horse");
  const parsed = parsePhc(stored);
  assert.deepEqual(parsed?.cost, { m: 19456, t: 2, p: 1 });
  assert.deepEqual(parsed?.cost, PASSWORD_COST);
  assert.equal(parsed?.salt.length, 16);
  assert.equal(parsed?.hash.length, 32);
});

Deno.test("Passwords.hash() salts: the same password never gives the same string", async () => {
  await using passwords = startCheap();
  assert.notEqual(await passwords.hash("same"), await passwords.hash("same"));
});

Deno.test("Passwords.verify() takes the right password, and no other", async () => {
  await using passwords = startCheap();
  const stored = await passwords.hash("pässword");
  assert.deepEqual(await passwords.verify("pässword", stored), { ok: true, rehash: false });
  for (const wrong of ["passwort", "pässword ", "PÄSSWORD", ""]) {
    assert.deepEqual(await passwords.verify(wrong, stored), { ok: false, rehash: false });
  }
});

Deno.test("Passwords.verify() takes a password however its é is composed", async () => {
  await using passwords = startCheap();
  const stored = await passwords.hash("caf\u00e9");
  assert.equal((await passwords.verify("cafe\u0301", stored)).ok, true);
});

Deno.test("Passwords.verify() agrees with the reference implementation", async () => {
  await using passwords = startCheap();
  for (const stored of REFERENCE) {
    assert.equal((await passwords.verify("password", stored)).ok, true);
    assert.equal((await passwords.verify("differentpassword", stored)).ok, false);
  }
});

Deno.test("Passwords.verify() asks for a rehash of what was stored more cheaply", async () => {
  await using today = startCheap({ cost: { m: 16, t: 2, p: 1 } });
  const verdictOn = async (cost: { m: number; t: number; p: number }) => {
    await using earlier = startCheap({ cost });
    return await today.verify("open sesame", await earlier.hash("open sesame"));
  };
  assert.deepEqual(await verdictOn({ m: 8, t: 2, p: 1 }), { ok: true, rehash: true });
  assert.deepEqual(await verdictOn({ m: 16, t: 1, p: 1 }), { ok: true, rehash: true });
  assert.deepEqual(await verdictOn({ m: 16, t: 2, p: 1 }), { ok: true, rehash: false });
  assert.deepEqual(await verdictOn({ m: 32, t: 3, p: 1 }), { ok: true, rehash: false });
});

Deno.test("Passwords.verify() asks for no rehash after a wrong password", async () => {
  await using earlier = startCheap();
  await using today = startCheap({ cost: { m: 16, t: 2, p: 1 } });
  const stored = await earlier.hash("right");
  assert.deepEqual(await today.verify("wrong", stored), { ok: false, rehash: false });
});

Deno.test("Passwords.verify() hashes for unknown accounts too, and fails", async () => {
  await using passwords = startCheap({ worker: ODD_WORKER });
  assert.deepEqual(await passwords.verify("any", undefined), { ok: false, rehash: false });
  // It reached the thread: the thread does what it says.
  await assert.rejects(passwords.verify("exit", undefined), failsWith("busy"));
});

Deno.test("Passwords.verify() throws for a stored string that is damaged", async () => {
  await using passwords = startCheap();
  await assert.rejects(passwords.verify("any", "plain text?!"), /malformed/);
  await assert.rejects(
    passwords.verify("any", REFERENCE[0]?.replace("m=256", "m=999999999")),
    /malformed/,
  );
});

Deno.test("Passwords leaves the event loop free while it hashes", async () => {
  await using passwords = startCheap({ cost: { m: 8192, t: 1, p: 1 } });
  let turns = 0;
  let done = false;
  const hashing = passwords.hash("slow").then(() => {
    done = true;
  });
  while (!done && turns < 1_000_000) {
    await setImmediate();
    turns++;
  }
  await hashing;
  assert.ok(turns > 10, `${turns} turns`);
});

Deno.test("Passwords tells who comes when the queue is full: busy", async () => {
  await using passwords = startCheap({ maxQueued: 2 });
  const attempts = await Promise.allSettled(
    ["1", "2", "3", "4", "5"].map((password) => passwords.hash(password)),
  );
  const outcomes = attempts.map((attempt) =>
    attempt.status === "fulfilled" ? "hashed" : attempt.reason.code
  );
  assert.deepEqual(outcomes, ["hashed", "hashed", "hashed", "busy", "busy"]);
  await passwords.hash("there is room again");
});

Deno.test("Passwords serves networks in turns, and refuses the newest of the largest: busy", async () => {
  await using passwords = startCheap({ maxQueued: 6, maxOfNetwork: 4 });
  const done: string[] = [];
  const hash = async (from: string) => {
    const outcome = await passwords.hash("any", { address: from.replace(/ .*/, "") }).then(
      () => "",
      (error) => ` ${error.code}`,
    );
    done.push(from + outcome);
  };
  // The first one runs at once. Of the others, four wait for each network.
  const many = [0, 1, 2, 3, 4, 5].map((at) => hash(`192.0.2.1 ${at}`));
  const others = ["2001:db8::1 a", "2001:db8::2 b", "2001:db8::3 c"].map(hash);
  const late = ["198.51.100.1", "198.51.100.2"].map(hash);
  await Promise.all([...many, ...others, ...late]);
  assert.deepEqual(done, [
    "192.0.2.1 5 busy",
    "192.0.2.1 4 busy",
    "192.0.2.1 3 busy",
    "2001:db8::3 c busy",
    "192.0.2.1 0",
    "192.0.2.1 1",
    "2001:db8::1 a",
    "198.51.100.1",
    "198.51.100.2",
    "192.0.2.1 2",
    "2001:db8::2 b",
  ]);
});

Deno.test("Passwords lets 64 of one network wait, and 128 of all, as docs/security.md says", async () => {
  await using passwords = startCheap({ worker: ODD_WORKER, clock: new FakeClock() });
  const ended: string[] = [];
  const all: Promise<unknown>[] = [];
  const hash = (address: string) =>
    all.push(passwords.hash("hang", { address }).catch(({ code }) => ended.push(code)));
  for (let at = 0; at < 1 + 64; at++) hash("192.0.2.1");
  await settle();
  assert.deepEqual(ended, []);
  hash("192.0.2.1");
  for (let at = 64; at < 128; at++) hash(`198.51.100.${at}`);
  await settle();
  assert.deepEqual(ended, ["busy"]);
  hash("203.0.113.1"); // In the place of one of the 64.
  await settle();
  assert.deepEqual(ended, ["busy", "busy"]);
  await passwords[Symbol.asyncDispose]();
  await Promise.all(all);
});

Deno.test("Passwords never hashes for a connection that ends while its job waits", async () => {
  const clock = new FakeClock();
  const reasons: string[] = [];
  const onFailure = (reason: string) => void reasons.push(reason);
  await using passwords = startCheap({ worker: ODD_WORKER, clock, runLimit: 1_000, onFailure });
  const hanging = assert.rejects(passwords.hash("hang"), failsWith("busy"));
  const connection = new AbortController();
  const { signal: gone } = connection;
  const dropped = assert.rejects(passwords.hash("crash", { gone }), failsWith("busy"));
  connection.abort();
  await dropped;
  const next = passwords.hash("next");
  await assert.rejects(passwords.hash("crash", { gone }), failsWith("busy"));
  await clock.pass(1_000);
  await hanging;
  assert.ok(parsePhc(await next));
  assert.deepEqual(reasons, ["the time limit passed"], "no password crashed the thread");
  assert.equal(clock.waiting, 0);
});

Deno.test("Passwords uses a second thread while the first is busy", async () => {
  const clock = new FakeClock();
  await using passwords = startCheap({ worker: ODD_WORKER, clock, threads: 2 });
  const hanging = assert.rejects(passwords.hash("hang"), failsWith("draining"));
  assert.ok(parsePhc(await passwords.hash("beside it")));
  assert.ok(parsePhc(await passwords.hash("and again")));
  await passwords[Symbol.asyncDispose]();
  await hanging;
});

Deno.test("Passwords has two threads where there are three cores, else one", async () => {
  const real = Object.getOwnPropertyDescriptor(navigator, "hardwareConcurrency");
  const threads: number[] = [];
  try {
    for (const value of [1, 2, 3, 64]) {
      Object.defineProperty(navigator, "hardwareConcurrency", { value, configurable: true });
      await using passwords = start({ cost: CHEAP, worker: ODD_WORKER, maxQueued: 1 });
      let refused = 0;
      const jobs = Array.from(
        { length: 5 },
        () => passwords.hash("hang").catch(({ code }) => void (code === "busy" && refused++)),
      );
      await settle();
      threads.push(jobs.length - refused - 1);
      await passwords[Symbol.asyncDispose]();
      await Promise.all(jobs);
    }
  } finally {
    Reflect.deleteProperty(navigator, "hardwareConcurrency");
    if (real !== undefined) Object.defineProperty(navigator, "hardwareConcurrency", real);
  }
  assert.deepEqual(threads, [1, 1, 2, 2]);
});

Deno.test("Passwords answers within the time that a client gives a sign-in, however long it takes", async () => {
  const clock = new FakeClock();
  await using passwords = startCheap({ worker: ODD_WORKER, clock });
  const since = clock.now();
  const ends: number[] = [];
  // The second job begins when the first has run into its limit, and the third is too late.
  const hang = () =>
    assert.rejects(passwords.hash("hang", { since }), failsWith("busy"))
      .then(() => void ends.push(clock.now() - since));
  const all = [hang(), hang(), hang()];
  for (let second = 0; second < TIMES.login / 1_000 - 1; second++) await clock.pass(1_000);
  await Promise.all(all);
  assert.deepEqual(ends, [20_000, 30_000, 40_000]);
  // A sign-in may need two jobs: the second is not queued as if it were new.
  await assert.rejects(passwords.hash("late", { since }), failsWith("busy"));
});

Deno.test("Passwords tells who waits too long: busy", async () => {
  const clock = new FakeClock();
  await using passwords = startCheap({ worker: ODD_WORKER, clock, waitLimit: 1_000 });
  const hanging = assert.rejects(passwords.hash("hang"), failsWith("draining"));
  const waiting = assert.rejects(passwords.hash("too late"), failsWith("busy"));
  await clock.pass(1_000);
  await waiting;
  await passwords[Symbol.asyncDispose]();
  await hanging;
  assert.equal(clock.waiting, 0);
});

Deno.test("Passwords ends a thread that hangs, and starts another", async () => {
  const clock = new FakeClock();
  const reasons: string[] = [];
  await using passwords = startCheap({
    worker: ODD_WORKER,
    clock,
    runLimit: 1_000,
    onFailure: (reason) => reasons.push(reason),
  });
  const hanging = assert.rejects(passwords.hash("hang"), failsWith("busy"));
  const next = passwords.hash("next");
  await clock.pass(1_000);
  await hanging;
  assert.ok(parsePhc(await next));
  assert.deepEqual(reasons, ["the time limit passed"]);
  assert.equal(clock.waiting, 0);
});

for (const password of ["crash", "exit"]) {
  Deno.test(`Passwords survives its thread's death (${password})`, async () => {
    const reasons: string[] = [];
    await using passwords = startCheap({
      worker: ODD_WORKER,
      onFailure: (reason) => reasons.push(reason),
    });
    const [died, next] = await Promise.allSettled([
      passwords.hash(password),
      passwords.hash("next"),
    ]);
    assert.ok(died.status === "rejected" && failsWith("busy")(died.reason));
    assert.ok(next.status === "fulfilled" && parsePhc(next.value));
    assert.equal(reasons.length, 1);
  });
}

Deno.test("Passwords fails cleanly where its thread cannot start at all", async () => {
  await using passwords = startCheap({ worker: new URL("./absent.ts", import.meta.url) });
  for (let attempt = 0; attempt < 2; attempt++) {
    await assert.rejects(passwords.hash("any"), failsWith("busy"));
  }
});

Deno.test("Passwords[Symbol.asyncDispose]() ends what runs and what waits: draining", async () => {
  const passwords = startCheap({ worker: ODD_WORKER });
  const attempts = ["hang", "waiting"].map((password) => passwords.hash(password));
  const ended = attempts.map((attempt) => assert.rejects(attempt, failsWith("draining")));
  await passwords[Symbol.asyncDispose]();
  await Promise.all(ended);
  await assert.rejects(passwords.hash("late"), failsWith("draining"));
  await passwords[Symbol.asyncDispose]();
});

Deno.test("Passwords keeps no bytes of a password: its thread gets them, or they are wiped", async () => {
  await using passwords = startCheap();
  const made: Uint8Array[] = [];
  const { encode } = TextEncoder.prototype;
  TextEncoder.prototype.encode = function (text) {
    const bytes = encode.call(this, text);
    if (text === "hunter2") made.push(bytes);
    return bytes;
  };
  try {
    await passwords.hash("hunter2");
    const gone = AbortSignal.abort();
    await assert.rejects(passwords.hash("hunter2", { gone }), failsWith("busy"));
  } finally {
    TextEncoder.prototype.encode = encode;
  }
  const [hashed, refused] = made;
  assert.equal(hashed?.byteLength, 0, "the thread has them");
  assert.deepEqual(refused, new Uint8Array(7));
});
