/**
 * Ten thousand random inputs, and random orders of calls. Each input gives a frame or an error with a
 * code, never another exception, and the session stays consistent.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseClientFrame, parseServerFrame } from "../../protocol/codec.ts";
import { FrameDecoder } from "../../protocol/decoder.ts";
import { ERRORS, ProtocolError } from "../../protocol/errors.ts";
import { LIMITS, LOGIN_ATTEMPTS, OFFENCES } from "../../protocol/limits.ts";
import type { ServerFrame } from "../../protocol/frame.ts";
import type { ClientOutput, ClientSession } from "../../protocol/session/client.ts";
import type { ServerSession, Verdict } from "../../protocol/session/server.ts";
import type { State } from "../../protocol/session/states.ts";
import { anyClientFrame, anyServerFrame } from "../helpers/frames.ts";
import { anyBody, bodyOf } from "../helpers/hostile_bodies.ts";
import { clientIn, type LiveState, LOGIN, SEND, serverIn, START } from "../helpers/sessions.ts";

const RUNS = { numRuns: 10_000 };
const { id: _, ...SEND_FIELDS } = SEND;

Deno.test("parseClientFrame and parseServerFrame give a frame or an error with its code", () => {
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(anyBody, (body) => {
      for (const parse of [parseClientFrame, parseServerFrame]) {
        let outcome = "frame";
        try {
          const frame = parse(body);
          // Encoding and parsing it again gives the same frame.
          assert.deepEqual(parse(bodyOf(frame)), frame);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, `threw ${error}`);
          outcome = error.code;
        }
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    }),
    RUNS,
  );
  // The inputs MUST reach every outcome.
  assert.deepEqual(
    [...outcomes.keys()].sort(),
    ["bad_frame", "frame", "frame_malformed", "unknown_type"],
  );
});

Deno.test("FrameDecoder gives bodies within the limit, or an error with its code", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 64 }),
          // Small lengths, so that some bodies are complete.
          fc.nat(40).map((length) => Uint8Array.of(0, 0, 0, length)),
          anyBody.map((body) => new Uint8Array([0, 0, body.length >> 8, body.length, ...body])),
        ),
        { maxLength: 6 },
      ),
      (chunks) => {
        const decoder = new FrameDecoder();
        try {
          for (const chunk of chunks) {
            for (const body of decoder.push(chunk)) {
              assert.ok(body.length > 0 && body.length <= LIMITS.frame);
            }
          }
          decoder.end();
        } catch (error) {
          assert.ok(error instanceof ProtocolError, `threw ${error}`);
          assert.ok(error.fatal);
        }
      },
    ),
    RUNS,
  );
});

type Step =
  | { readonly type: "body" | "transfer"; readonly body: Uint8Array }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "login" | "succeed" | "fail" | "settle" | "end" | "leave" };

/** Mostly valid frames, because invalid ones soon end a session. */
const clientBody = fc.oneof(
  { weight: 40, arbitrary: anyClientFrame.map(bodyOf) },
  { weight: 1, arbitrary: anyBody },
);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ type: fc.constantFrom("body", "transfer"), body: clientBody }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.nat(20_000) }),
  },
  {
    weight: 20,
    arbitrary: fc.record({ type: fc.constantFrom("login", "succeed", "fail", "settle") }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("end", "leave") }) },
);
const anySteps = fc.array(anyStep, { maxLength: 60, size: "max" });

const anyStart = fc.constantFrom("CONNECTING", "CONNECTED", "AUTHENTICATED", "SENDING");

/** Drives a server's session, and counts what it MUST have counted. */
class ServerDriver {
  readonly session: ServerSession;
  readonly #lastWords: Set<string>;
  #now = START;
  #signingIn = false;
  #sending: number;
  #refusals = 0;
  #failures = 0;
  #ended = false;

  /** `lastWords` takes the code of the session's last frame. */
  constructor(start: LiveState, lastWords: Set<string>) {
    this.session = serverIn(start);
    this.#sending = this.session.sending;
    this.#lastWords = lastWords;
  }

  step(step: Step): void {
    const { session } = this;
    switch (step.type) {
      case "body":
        return this.#judge(session.handleBody(step.body, this.#now));
      case "transfer":
        return this.#judge(session.handleTransferBody(step.body, this.#now));
      case "wait":
        return this.#wait(step.ms);
      case "login":
        return this.#judge(session.handleFrame(LOGIN, this.#now));
      case "succeed":
        if (this.#signingIn) assert.equal(session.loginSucceeded(this.#now), !this.#ended);
        this.#signingIn = false;
        return;
      case "fail":
        if (!this.#signingIn) return;
        this.#signingIn = false;
        if (!this.#ended) this.#failures++;
        return this.#judge(session.loginFailed("bad_credentials", this.#now));
      case "settle":
        if (this.#sending === 0) return;
        this.#sending--;
        return session.sendSettled();
      case "end":
        return this.#judge(session.handleEnd());
      case "leave":
        return this.#judge(session.end("draining"));
    }
  }

  check(): void {
    const { state, sending } = this.session;
    assert.equal(sending, this.#sending);
    assert.equal(state === "DISCONNECTING", this.#ended);
    assert.notEqual(state, "ERROR");
    if (!this.#ended) assert.equal(state === "SENDING", sending > 0);
    assert.ok(this.#refusals <= OFFENCES + LOGIN_ATTEMPTS && this.#failures <= LOGIN_ATTEMPTS);
  }

  #wait(ms: number): void {
    const deadline = this.session.deadline();
    assert.equal(deadline === undefined, this.#ended);
    this.#now += ms;
    const verdict = this.session.handleTimeout(this.#now);
    assert.equal(verdict?.type === "close", deadline !== undefined && this.#now >= deadline);
    this.#judge(verdict);
  }

  #judge(verdict: Verdict | undefined): void {
    if (verdict === undefined) return;
    // Nothing follows the last frame.
    assert.equal(verdict.type === "ignore", this.#ended);
    if (verdict.type === "accept") {
      const { type } = verdict.frame;
      if (type === "login" || type === "resume") this.#signingIn = true;
      if (type === "send") this.#sending++;
    } else if (verdict.type === "close") {
      this.#ended = true;
      this.#lastWords.add(verdict.frame.code);
      assert.ok(verdict.code >= 0x100);
    } else if (verdict.type === "refuse") {
      assert.ok(Object.hasOwn(ERRORS, verdict.frame.code));
      this.#refusals++;
    }
  }
}

Deno.test("ServerSession keeps its contract in any order of calls", () => {
  const states = new Set<State>();
  const lastWords = new Set<string>();
  fc.assert(
    fc.property(anyStart, anySteps, (start, steps) => {
      const driver = new ServerDriver(start, lastWords);
      for (const step of steps) {
        driver.step(step);
        driver.check();
        states.add(driver.session.state);
      }
    }),
    { numRuns: 5_000 },
  );
  assert.deepEqual(
    [...states].sort(),
    ["AUTHENTICATED", "CONNECTED", "CONNECTING", "DISCONNECTING", "SENDING"],
  );
  for (
    const code of [
      ...["frame_malformed", "no_common_version", "hello_timeout", "login_timeout", "silence"],
      ...["too_many_attempts", "too_many_offences", "done", "draining"],
    ]
  ) {
    assert.ok(lastWords.has(code), `${code} was never reached`);
  }
});

const serverBody = fc.oneof(
  { weight: 40, arbitrary: anyServerFrame.map(bodyOf) },
  { weight: 1, arbitrary: anyBody },
);

type ClientStep =
  | { readonly type: "body"; readonly body: Uint8Array }
  | { readonly type: "answer"; readonly frame: ServerFrame; readonly re: number }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "login" | "send" | "who" | "logout" };

/** `re` picks one of the pending requests, so that some answers fit. */
const anyClientStep: fc.Arbitrary<ClientStep> = fc.oneof(
  fc.record({ type: fc.constant("body" as const), body: serverBody }),
  fc.record({ type: fc.constant("answer" as const), frame: anyServerFrame, re: fc.nat(5) }),
  fc.record({ type: fc.constant("wait" as const), ms: fc.nat(10_000) }),
  fc.record({ type: fc.constantFrom("login", "send", "who", "logout") }),
);
const anyClientSteps = fc.array(anyClientStep, { maxLength: 60, size: "max" });

/** Drives a client's session, and checks it. */
class ClientDriver {
  readonly #session: ClientSession;
  #now = START;

  constructor(start: LiveState) {
    this.#session = clientIn(start);
  }

  step(step: ClientStep): ClientOutput | undefined {
    const session = this.#session;
    switch (step.type) {
      case "body":
        return session.handleBody(step.body, this.#now);
      case "answer": {
        const re = session.pending[step.re % session.pending.length]?.id;
        const isAnswer = re !== undefined && "re" in step.frame;
        return session.handleFrame(isAnswer ? { ...step.frame, re } : step.frame, this.#now);
      }
      case "wait":
        this.#now += step.ms;
        return session.handleTimeout(this.#now);
      default:
        if (session.allows(step.type)) session.request(REQUESTS[step.type], this.#now);
        return undefined;
    }
  }

  check(): void {
    const { state, pending } = this.#session;
    const ended = state === "DISCONNECTING";
    assert.notEqual(state, "ERROR");
    assert.equal(this.#session.deadline() === undefined, ended);
    assert.ok(pending.length <= LIMITS.requests);
    const sending = pending.some(({ type }) => type === "send");
    if (!ended) assert.equal(state === "SENDING", sending);
  }
}

const REQUESTS = {
  login: { type: "login", user: "ann", password: "x" },
  send: SEND_FIELDS,
  who: { type: "who" },
  logout: { type: "logout" },
} as const;

Deno.test("ClientSession keeps its contract whatever the server sends", () => {
  const outputs = new Set<string>();
  fc.assert(
    fc.property(anyStart, anyClientSteps, (start, steps) => {
      const driver = new ClientDriver(start);
      for (const step of steps) {
        outputs.add(driver.step(step)?.type ?? "nothing");
        driver.check();
      }
    }),
    { numRuns: 3_000 },
  );
  outputs.delete("pong"); // Only a random answer that fits this session's ping gives it.
  assert.deepEqual(
    [...outputs].sort(),
    ["answer", "close", "ignore", "nothing", "push", "write"],
  );
});
