/**
 * Ten thousand random inputs, and random orders of calls: whatever a peer sends ends in a frame or
 * in an error that has a code, never in another exception, and the session stays consistent.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFrame, parseClientFrame, parseServerFrame } from "../../protocol/codec.ts";
import { FrameDecoder } from "../../protocol/decoder.ts";
import { ERRORS, ProtocolError } from "../../protocol/errors.ts";
import { LIMITS, LOGIN_ATTEMPTS, OFFENCES } from "../../protocol/limits.ts";
import type { ClientOutput } from "../../protocol/session/client.ts";
import type { Verdict } from "../../protocol/session/server.ts";
import type { State } from "../../protocol/session/states.ts";
import { anyClientFrame, anyServerFrame } from "../helpers/frames.ts";
import { clientIn, LOGIN, SEND, serverIn, START } from "../helpers/sessions.ts";
import { encode, type Value, type ValueMap } from "../helpers/stranger_msgpack.ts";

const RUNS = { numRuns: 10_000 };
const { id: _, ...SAY } = SEND;

const { value: anyValue } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 10, withCrossShrink: true },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double(),
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.uint8Array({ maxLength: 40 }),
    ),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.string({ maxLength: 10 }), tie("value"), { maxKeys: 5 }),
  ),
}));

/** A map that looks like a frame and may be one: field names and types are real, values are not. */
const almostFrame: fc.Arbitrary<ValueMap> = fc.dictionary(
  fc.constantFrom(
    ...["id", "re", "versions", "features", "client", "user", "password", "intent", "token"],
    ...["ulid", "conversation", "content", "after", "limit", "seq", "more", "users", "code"],
    ...["file", "size", "hash", "offset", "bytes"],
  ),
  fc.oneof(anyValue, fc.nat(), fc.constantFrom("room:general", "text", "any")),
).chain((fields) =>
  fc.constantFrom(
    ...["hello", "login", "send", "history", "ack", "users", "error", "constructor"],
    ...["upload", "download", "chunk", "ready"],
  )
    .map((type) => ({ type, ...fields }))
);

/** Bytes of a valid frame with some of them changed, put in or taken out. */
const damaged = fc.tuple(
  fc.oneof(anyClientFrame, anyServerFrame),
  fc.array(
    fc.record({
      at: fc.nat(400),
      cut: fc.integer({ min: 0, max: 3 }),
      put: fc.uint8Array({ maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
).map(([frame, edits]) => {
  const bytes = [...encodeFrame(frame).subarray(4)];
  for (const { at, cut, put } of edits) bytes.splice(at % (bytes.length + 1), cut, ...put);
  return Uint8Array.from(bytes);
});

const anyBody = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  damaged,
  almostFrame.map((map) => encode(map)),
  anyValue.map((value) => encode(value)),
  anyClientFrame.map((frame) => encodeFrame(frame).subarray(4)),
  anyServerFrame.map((frame) => encodeFrame(frame).subarray(4)),
);

Deno.test("parseClientFrame and parseServerFrame give a frame or an error with its code", () => {
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(anyBody, (body) => {
      for (const parse of [parseClientFrame, parseServerFrame]) {
        let outcome = "frame";
        try {
          const frame = parse(body);
          // What was taken can be said again, and means the same.
          assert.deepEqual(parse(encodeFrame(frame).subarray(4)), frame);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, `threw ${error}`);
          outcome = error.code;
        }
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    }),
    RUNS,
  );
  // The inputs are worth something only if they reach every way out.
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
          // Lengths that are small enough to be met now and then.
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

/** Mostly what a client may mean: nonsense ends a session soon. */
const clientBody = fc.oneof(
  { weight: 40, arbitrary: anyClientFrame.map((frame) => encodeFrame(frame).subarray(4)) },
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

Deno.test("ServerSession holds its promises in whatever order things happen", () => {
  const states = new Set<State>();
  const lastWords = new Set<string>();
  const start = fc.constantFrom("CONNECTING", "CONNECTED", "AUTHENTICATED", "SENDING");
  fc.assert(
    fc.property(start, anySteps, (start, steps) => {
      let now = START;
      const session = serverIn(start);
      let signingIn = false;
      let sending = session.sending;
      let refusals = 0;
      let failures = 0;
      let ended = false;

      const judge = (verdict: Verdict | undefined) => {
        if (verdict === undefined) return;
        // Nothing is ever said after the last word.
        assert.equal(verdict.type === "ignore", ended);
        if (verdict.type === "accept") {
          const { type } = verdict.frame;
          if (type === "login" || type === "resume") signingIn = true;
          if (type === "send") sending++;
        } else if (verdict.type === "close") {
          ended = true;
          lastWords.add(verdict.frame.code);
          assert.ok(verdict.code >= 0x100);
        } else if (verdict.type === "refuse") {
          assert.ok(Object.hasOwn(ERRORS, verdict.frame.code));
          refusals++;
        }
      };
      const step = (step: Step) => {
        switch (step.type) {
          case "body":
            return judge(session.handleBody(step.body, now));
          case "transfer":
            return judge(session.handleTransferBody(step.body, now));
          case "wait": {
            const deadline = session.deadline();
            assert.equal(deadline === undefined, ended);
            now += step.ms;
            const verdict = session.handleTimeout(now);
            assert.equal(verdict?.type === "close", deadline !== undefined && now >= deadline);
            return judge(verdict);
          }
          case "login":
            return judge(session.handleFrame(LOGIN, now));
          case "succeed":
            if (signingIn) assert.equal(session.loginSucceeded(), !ended);
            signingIn = false;
            return;
          case "fail":
            if (!signingIn) return;
            signingIn = false;
            if (!ended) failures++;
            return judge(session.loginFailed("bad_credentials", now));
          case "settle":
            if (sending === 0) return;
            sending--;
            return session.sendSettled();
          case "end":
            return judge(session.handleEnd());
          case "leave":
            return judge(session.end("draining"));
        }
      };

      for (const next of steps) {
        step(next);
        states.add(session.state);
        assert.equal(session.sending, sending);
        assert.equal(session.state === "DISCONNECTING", ended);
        assert.notEqual(session.state, "ERROR");
        if (!ended) assert.equal(session.state === "SENDING", sending > 0);
        assert.ok(refusals <= OFFENCES + LOGIN_ATTEMPTS && failures <= LOGIN_ATTEMPTS);
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

Deno.test("ClientSession holds its promises whatever the server says", () => {
  const serverBody = fc.oneof(
    { weight: 40, arbitrary: anyServerFrame.map((frame) => encodeFrame(frame).subarray(4)) },
    { weight: 1, arbitrary: anyBody },
  );
  // `re` picks one of the requests that wait, so that some answers fit.
  const step = fc.oneof(
    fc.record({ type: fc.constant("body" as const), body: serverBody }),
    fc.record({ type: fc.constant("answer" as const), frame: anyServerFrame, re: fc.nat(5) }),
    fc.record({ type: fc.constant("wait" as const), ms: fc.nat(10_000) }),
    fc.record({ type: fc.constantFrom("login", "send", "who", "logout") }),
  );
  const start = fc.constantFrom("CONNECTING", "CONNECTED", "AUTHENTICATED", "SENDING");
  const outputs = new Set<string>();
  fc.assert(
    fc.property(start, fc.array(step, { maxLength: 60, size: "max" }), (start, steps) => {
      let now = START;
      const session = clientIn(start);
      const note = (output: ClientOutput | undefined) => outputs.add(output?.type ?? "nothing");
      for (const step of steps) {
        switch (step.type) {
          case "body":
            note(session.handleBody(step.body, now));
            break;
          case "answer": {
            const re = session.pending[step.re % session.pending.length]?.id;
            const frame = re === undefined || !("re" in step.frame)
              ? step.frame
              : { ...step.frame, re };
            note(session.handleFrame(frame, now));
            break;
          }
          case "wait":
            now += step.ms;
            note(session.handleTimeout(now));
            break;
          case "login":
            if (session.allows("login")) {
              session.request({ type: "login", user: "ann", password: "x" }, now);
            }
            break;
          case "send":
            if (session.allows("send")) session.request(SAY, now);
            break;
          case "who":
          case "logout":
            if (session.allows(step.type)) session.request({ type: step.type }, now);
            break;
        }
        const ended = session.state === "DISCONNECTING";
        assert.notEqual(session.state, "ERROR");
        assert.equal(session.deadline() === undefined, ended);
        assert.ok(session.pending.length <= LIMITS.requests);
        const sending = session.pending.some(({ type }) => type === "send");
        if (!ended) assert.equal(session.state === "SENDING", sending);
      }
    }),
    { numRuns: 3_000 },
  );
  outputs.delete("pong"); // One that answers this session's ping comes by luck.
  assert.deepEqual(
    [...outputs].sort(),
    ["answer", "close", "ignore", "nothing", "push", "write"],
  );
});
