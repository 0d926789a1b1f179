import assert from "node:assert/strict";
import {
  type Credentials,
  type CredentialsRequest,
  fixedCredentials,
} from "../../../client/session/prompts.ts";
import { RefusedError, UnansweredError } from "../../../client/session/refused_error.ts";
import { SignIn } from "../../../client/session/sign_in.ts";
import { TokenMemory } from "../../../client/session/tokens.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import type { RequestFields } from "../../../protocol/session/client.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";

const PIN = "pin";
const VOID = new RefusedError("bad_token", "The token is void.");
const WRONG = new RefusedError("bad_credentials", "That is wrong.", 2);

interface Setting extends Partial<ConstructorParameters<typeof SignIn>[0]> {
  /** How the server answers the requests, one after the other; `undefined`: it accepts. */
  readonly answers?: (RefusedError | undefined)[];
  /** What the user types, each time that they are asked. */
  readonly typed?: (Credentials | undefined)[];
}

/** Ann signs in. */
async function signIn({ answers = [], typed = [], ...options }: Setting) {
  const requests: RequestFields[] = [];
  const asked: CredentialsRequest[] = [];
  const reported: string[] = [];
  const clock = new FakeClock();
  const tokens = options.tokens ?? new TokenMemory();
  const outcome = await new SignIn({
    connection: {
      closed: new Promise(() => {}),
      request(fields) {
        requests.push(fields);
        const refusal = answers.shift();
        return refusal === undefined ? Promise.resolve([]) : Promise.reject(refusal);
      },
    },
    pin: PIN,
    user: "ann",
    given: undefined,
    prompts: {
      ...fixedCredentials({ user: "", password: "" }),
      credentials: (request) => {
        asked.push(request);
        return Promise.resolve(typed.shift());
      },
    },
    clock,
    random: () => 0,
    events: { put: (event) => event?.event === "error" && void reported.push(event.code) },
    ...options,
    tokens,
  }).run();
  const left = await tokens.load(PIN, "ann", clock.time());
  return { outcome, requests, asked, reported, token: left?.token };
}

Deno.test("SignIn asks a busy server again with the same password, and then the user", async () => {
  const BUSY = new RefusedError("busy", "Too many sign in.", 3);
  const given = { user: "ann", password: "right" };
  const patient = signIn({ answers: [BUSY, BUSY, undefined], typed: [given], clock: HASTY });
  const { outcome, requests, asked, reported } = await patient;
  assert.equal(outcome.type, "signed_in");
  assert.deepEqual(requests.map((one) => one.type === "login" && one.password), [
    "right",
    "right",
    "right",
  ]);
  assert.deepEqual([asked.length, reported], [1, []]);

  const answers = Array.from({ length: 6 }, () => BUSY);
  const again = await signIn({ answers, typed: [given, given], clock: HASTY });
  assert.deepEqual([again.outcome.type, again.asked.length], ["signed_in", 2]);
  assert.deepEqual(again.reported, ["busy"]);
});

async function withToken(): Promise<TokenMemory> {
  const tokens = new TokenMemory();
  await tokens.save(PIN, "ann", { token: "t0ken", expires: Number.MAX_SAFE_INTEGER });
  return tokens;
}

/** Time that passes at once. */
const HASTY = {
  time: () => 1_800_000_000_000,
  after: (_: number, callback: () => void) => {
    queueMicrotask(callback);
    return () => {};
  },
};

/** A sign-in whose user types nothing, on a connection that MUST NOT be asked. */
const NEVER: ConstructorParameters<typeof SignIn>[0] = {
  connection: { closed: new Promise(() => {}), request: () => assert.fail("asked the server") },
  pin: PIN,
  random: () => 0,
  user: undefined,
  given: undefined,
  tokens: new TokenMemory(),
  prompts: {
    ...fixedCredentials({ user: "", password: "" }),
    credentials: () => Promise.resolve(undefined),
  },
  clock: new FakeClock(),
  events: { put: () => {} },
};

const ANN: Credentials = { user: "Ann", password: "secret" };

Deno.test("SignIn resumes with the token, and asks for nothing", async () => {
  const { outcome, requests, asked } = await signIn({ tokens: await withToken() });
  assert.equal(outcome.type, "signed_in");
  assert.deepEqual(requests, [{ type: "resume", token: "t0ken" }]);
  assert.deepEqual(asked, []);
});

Deno.test("SignIn finds the token of a name in capitals, and looks for none without a name", async () => {
  const { outcome } = await signIn({ tokens: await withToken(), user: "Ann" });
  assert.equal(outcome.type, "signed_in");
  for (const user of ["not a name", undefined]) {
    const tokens = await withToken();
    tokens.load = () => assert.fail("looked for a token");
    await assert.doesNotReject(new SignIn({ ...NEVER, tokens, user }).run());
  }
});

Deno.test("SignIn forgets a token that is void, and asks for the password", async () => {
  const tokens = await withToken();
  const { outcome, requests, token } = await signIn({ tokens, answers: [VOID], typed: [ANN] });
  assert.equal(outcome.type, "signed_in");
  assert.deepEqual(requests.map(({ type }) => type), ["resume", "login"]);
  assert.equal(token, undefined);
});

Deno.test("SignIn keeps the token, and comes back later, when the server could not look", async () => {
  const busy = new RefusedError("busy", "Busy.");
  const outcomes = [
    [busy, { type: "later", refusal: busy }],
    [new UnansweredError(), { type: "later" }],
  ] as const;
  for (const [refusal, expected] of outcomes) {
    const tokens = await withToken();
    const { outcome, asked, token } = await signIn({ tokens, answers: [refusal] });
    assert.deepEqual(outcome, expected);
    assert.deepEqual(asked, []);
    assert.equal(token, "t0ken");
  }
});

Deno.test("SignIn asks again while the server allows attempts, and counts them", async () => {
  const wrong = { ...ANN, password: "wrong" };
  const { outcome, requests, asked, reported } = await signIn({
    answers: [WRONG],
    typed: [wrong, ANN],
  });
  assert.equal(outcome.type, "signed_in");
  assert.deepEqual(requests, [
    { type: "login", user: "ann", password: "wrong" },
    { type: "login", user: "ann", password: "secret" },
  ]);
  assert.deepEqual(asked.map(({ attempt }) => attempt), [0, 1]);
  assert.deepEqual(reported, ["bad_credentials"]);
});

Deno.test("SignIn sends nothing that is not a name and a password, and asks again", async () => {
  const tooLong = "ä".repeat(LIMITS.password / 2 + 1);
  const wrong = [{ user: "9 lives", password: "x" }, { ...ANN, password: "" }, {
    ...ANN,
    password: tooLong,
  }];
  const { outcome, requests, reported } = await signIn({ typed: [...wrong, ANN] });
  assert.equal(outcome.type, "signed_in");
  assert.equal(requests.length, 1);
  assert.deepEqual(reported, wrong.map(() => "bad_credentials"));
});

Deno.test("SignIn ends where asking again is of no use", async () => {
  const refusals = [
    new RefusedError("registration_closed", "Closed."),
    new RefusedError("bad_code", "That code is not valid.", 2),
  ];
  for (const refusal of refusals) {
    const { outcome, asked, reported } = await signIn({ answers: [refusal], typed: [ANN, ANN] });
    assert.equal(outcome.type, "refused");
    assert.equal(asked.length, 1);
    assert.deepEqual(reported, [refusal.code]);
  }
});

Deno.test("SignIn says that a password is needed when none is given, and is silent when one was", async () => {
  assert.deepEqual((await signIn({})).reported, ["no_password"]);
  const { outcome, reported } = await signIn({ answers: [WRONG], typed: [ANN, undefined] });
  assert.deepEqual([outcome.type, reported], ["refused", ["bad_credentials"]]);
});

Deno.test("SignIn begins with the credentials that it is given, and not with the token", async () => {
  const given: Credentials = { user: "bob", password: "other", intent: "register" };
  const tokens = await withToken();
  const { requests, asked } = await signIn({ tokens, given, code: "c0de" });
  assert.deepEqual(requests, [
    { type: "login", user: "bob", password: "other", intent: "register" },
  ]);
  assert.deepEqual(asked, []);
});

Deno.test("SignIn sends a password as it was typed: the server normalises it", async () => {
  for (const password of [" Cafe\u0301 ", " Caf\u00e9 "]) {
    const { requests } = await signIn({ typed: [{ ...ANN, password }] });
    assert.deepEqual(requests, [{ type: "login", user: "ann", password }]);
  }
});

Deno.test("SignIn sends the code of the invitation with what the user types", async () => {
  const { requests } = await signIn({ typed: [ANN], code: "c0de" });
  assert.deepEqual(requests, [{ type: "login", user: "ann", password: "secret", code: "c0de" }]);
});
