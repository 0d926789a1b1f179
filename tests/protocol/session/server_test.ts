import assert from "node:assert/strict";
import { encodeFrame } from "../../../protocol/codec.ts";
import { CLOSE_DONE, closeCodeOf, ProtocolError } from "../../../protocol/errors.ts";
import type { ClientFrame } from "../../../protocol/frame.ts";
import { LOGIN_ATTEMPTS, OFFENCES, TIMES } from "../../../protocol/limits.ts";
import { CLIENT_RULES } from "../../../protocol/session/rules.ts";
import { ServerSession } from "../../../protocol/session/server.ts";
import {
  closes,
  HELLO,
  type LiveState,
  LOGIN,
  refused,
  SEND,
  serverIn,
  START,
} from "../../helpers/sessions.ts";
import { VECTORS } from "../../helpers/vectors.ts";

const PING = { type: "ping", id: 7 } as const;
const RESUME = { type: "resume", id: 8, token: "t" } as const;
const WHO = { type: "who", id: 9 } as const;

Deno.test("ServerSession answers hello with welcome: version, common features, its software", () => {
  const session = new ServerSession({ server: "s", versions: [1, 2], features: ["a", "b"] }, START);
  const hello = { ...HELLO, versions: [1, 2, 99], features: ["b", "z"] };
  assert.deepEqual(session.handleFrame(hello, START), {
    type: "answer",
    frame: { type: "welcome", re: 1, version: 2, features: ["b"], server: "s" },
  });
  assert.equal(session.version, 2);
  assert.equal(session.state, "CONNECTED");
});

Deno.test("ServerSession takes 1 from a client that offers 1 and 99", () => {
  const session = serverIn("CONNECTING");
  const verdict = session.handleFrame({ ...HELLO, versions: [1, 99] }, START);
  assert.equal(verdict.type === "answer" && verdict.frame.type === "welcome" && session.version, 1);
});

Deno.test("ServerSession closes on a client without a common version, naming both lists", () => {
  const session = serverIn("CONNECTING");
  const verdict = closes(
    session.handleFrame({ ...HELLO, versions: [99] }, START),
    "no_common_version",
  );
  assert.deepEqual(verdict.frame, {
    type: "error",
    re: 1,
    code: "no_common_version",
    message: "No common protocol version: the client has [99], the server has [1].",
    versions: [1],
  });
  assert.equal(verdict.code, closeCodeOf("no_common_version"));
  assert.equal(session.state, "DISCONNECTING");
});

Deno.test("ServerSession refuses a second hello", () => {
  const session = serverIn("CONNECTED");
  assert.equal(refused(session.handleFrame({ ...HELLO, id: 5 }, START), "bad_state").re, 5);
  assert.equal(session.state, "CONNECTED");
});

Deno.test("ServerSession takes each frame in its states and on its streams, and no other", () => {
  const frames = new Map(
    VECTORS.filter(({ from }) => from === "client")
      .map(({ frame }) => [frame.type, frame as ClientFrame]),
  );
  assert.equal(frames.size, Object.keys(CLIENT_RULES).length);
  for (const state of ["CONNECTING", "CONNECTED", "AUTHENTICATED", "SENDING"] as LiveState[]) {
    for (const stream of ["session", "transfer"] as const) {
      for (const frame of frames.values()) {
        const rule = CLIENT_RULES[frame.type];
        const allowed = rule.states.includes(state) && rule.streams.includes(stream);
        const verdict = serverIn(state).handleFrame(frame, START, stream);
        const what = `${frame.type} in ${state} on ${stream}`;
        if (allowed) assert.match(verdict.type, /accept|answer/, what);
        else refused(verdict, "bad_state");
      }
    }
  }
});

Deno.test("ServerSession answers ping itself, before sign-in and after", () => {
  for (const state of ["CONNECTED", "AUTHENTICATED", "SENDING"] as const) {
    assert.deepEqual(serverIn(state).handleFrame(PING, START), {
      type: "answer",
      frame: { type: "pong", re: 7 },
    });
  }
});

Deno.test("ServerSession is AUTHENTICATED once a login succeeded", () => {
  const session = serverIn("CONNECTED");
  assert.deepEqual(session.handleFrame(LOGIN, START), { type: "accept", frame: LOGIN });
  assert.equal(session.state, "CONNECTED");
  assert.equal(session.loginSucceeded(START), true);
  assert.equal(session.state, "AUTHENTICATED");
});

Deno.test("ServerSession refuses a second login while the first is being checked", () => {
  const session = serverIn("CONNECTED");
  session.handleFrame(LOGIN, START);
  refused(session.handleFrame({ ...LOGIN, id: 3 }, START), "bad_state");
  refused(session.handleFrame(RESUME, START), "bad_state");
  // Neither took the place of the first.
  assert.equal(refused(session.loginFailed("bad_credentials", START), "bad_credentials").re, 2);
});

Deno.test("ServerSession gives three attempts, tells how many are left, then closes", () => {
  const session = serverIn("CONNECTED");
  for (let left = LOGIN_ATTEMPTS - 1; left > 0; left--) {
    session.handleFrame({ ...LOGIN, id: left }, START);
    const error = refused(session.loginFailed("bad_credentials", START), "bad_credentials");
    assert.deepEqual([error.re, error.attempts], [left, left]);
    assert.equal(session.state, "CONNECTED");
  }
  session.handleFrame({ ...LOGIN, id: 77 }, START);
  const verdict = closes(session.loginFailed("bad_credentials", START), "too_many_attempts");
  assert.equal(verdict.code, closeCodeOf("too_many_attempts"));
  assert.equal(verdict.frame.re, 77);
  assert.equal(session.state, "DISCONNECTING");
});

Deno.test("ServerSession lets an attempt succeed after two that failed", () => {
  const session = serverIn("CONNECTED");
  for (const code of ["bad_credentials", "bad_name"] as const) {
    session.handleFrame(LOGIN, START);
    refused(session.loginFailed(code, START), code);
  }
  session.handleFrame(LOGIN, START);
  assert.equal(session.loginSucceeded(START), true);
});

Deno.test("ServerSession does not count a stale token, or a busy server, as an attempt", () => {
  const session = serverIn("CONNECTED");
  session.handleFrame(RESUME, START);
  assert.equal(refused(session.loginFailed("bad_token", START), "bad_token").attempts, undefined);
  session.handleFrame(LOGIN, START);
  assert.equal(refused(session.loginFailed("busy", START), "busy").attempts, LOGIN_ATTEMPTS);
});

Deno.test("ServerSession counts stale tokens as offences", () => {
  const session = serverIn("CONNECTED");
  for (let i = 0; i < OFFENCES; i++) {
    session.handleFrame(RESUME, START);
    refused(session.loginFailed("bad_token", START), "bad_token");
  }
  session.handleFrame(RESUME, START);
  closes(session.loginFailed("bad_token", START), "too_many_offences");
});

Deno.test("ServerSession ends when a login fails for the server's own reasons", () => {
  const session = serverIn("CONNECTED");
  session.handleFrame(LOGIN, START);
  assert.equal(closes(session.loginFailed("internal", START), "internal").code, 0x10c);
});

Deno.test("ServerSession gives each attempt its 60 seconds", () => {
  const session = serverIn("CONNECTED");
  const silent = START + TIMES.silence;
  assert.equal(session.deadline(), silent);
  session.handleFrame(PING, silent - 1);
  assert.equal(session.deadline(), START + TIMES.login);

  const failed = START + 50_000;
  session.handleFrame(LOGIN, failed);
  // While the password is being checked, nothing is read and nothing is due.
  assert.equal(session.deadline(), Infinity);
  assert.equal(session.handleTimeout(failed + TIMES.login), undefined);
  session.loginFailed("bad_credentials", failed);
  session.handleActivity(failed + 30_000);
  assert.equal(session.deadline(), failed + TIMES.login);
  assert.equal(session.handleTimeout(failed + TIMES.login - 1), undefined);
  const verdict = closes(session.handleTimeout(failed + TIMES.login), "login_timeout");
  assert.equal(verdict.code, closeCodeOf("login_timeout"));
});

Deno.test("ServerSession does not restart an attempt's time for a stale token", () => {
  const session = serverIn("CONNECTED");
  const later = START + 40_000;
  session.handleFrame(RESUME, later);
  session.loginFailed("bad_token", later);
  assert.equal(session.deadline(), START + TIMES.login);
});

Deno.test("ServerSession does not count the time that it takes to check a password", () => {
  const session = serverIn("CONNECTED");
  for (let round = 0; round < 3; round++) {
    const asked = START + 10_000 + round * 40_000;
    session.handleFrame(LOGIN, asked);
    // It waited for its turn for too long.
    session.loginFailed("busy", asked + 30_000);
    session.handleActivity(asked + 39_000);
    assert.equal(session.deadline(), START + TIMES.login + (round + 1) * 30_000);
  }
});

Deno.test("ServerSession closes without a hello in time, whatever else comes", () => {
  const session = serverIn("CONNECTING");
  refused(session.handleFrame(PING, START + TIMES.hello - 1), "bad_state");
  assert.equal(session.deadline(), START + TIMES.hello);
  assert.equal(session.handleTimeout(START + TIMES.hello - 1), undefined);
  closes(session.handleTimeout(START + TIMES.hello), "hello_timeout");
});

Deno.test("ServerSession closes a peer that was silent for 45 seconds", () => {
  const session = serverIn("SENDING");
  session.handleFrame(PING, START + 10);
  session.handleActivity(START + 20);
  assert.equal(session.deadline(), START + 20 + TIMES.silence);
  assert.equal(session.handleTimeout(START + 19 + TIMES.silence), undefined);
  closes(session.handleTimeout(START + 20 + TIMES.silence), "silence");
  assert.equal(session.deadline(), undefined);
});

Deno.test("ServerSession counts silence from the end of a sign-in", () => {
  for (const end of ["succeeds", "fails"] as const) {
    const session = serverIn("CONNECTED");
    session.handleFrame(LOGIN, START);
    const checked = START + TIMES.silence + 10;
    if (end === "succeeds") session.loginSucceeded(checked);
    else session.loginFailed("bad_credentials", checked);
    assert.equal(session.deadline(), checked + TIMES.silence);
    closes(session.handleTimeout(checked + TIMES.silence), "silence");
  }
});

Deno.test("ServerSession tolerates ten offences of any kind, and not one more", () => {
  const session = serverIn("CONNECTED");
  for (let i = 0; i < OFFENCES; i++) {
    refused(
      session.handleFault(new ProtocolError("unknown_type", undefined, { re: i })),
      "unknown_type",
    );
    assert.equal(session.state, "CONNECTED");
  }
  const verdict = closes(session.handleFrame(WHO, START), "too_many_offences");
  assert.deepEqual([verdict.frame.re, verdict.code], [9, closeCodeOf("too_many_offences")]);
});

Deno.test("ServerSession.handleBody refuses a frame that it cannot mean, with its id", () => {
  const session = serverIn("AUTHENTICATED");
  const body = encodeFrame({ ...SEND, ulid: "no" }).subarray(4);
  assert.equal(refused(session.handleBody(body, START), "bad_frame").re, SEND.id);
  assert.equal(session.state, "AUTHENTICATED");
});

Deno.test("ServerSession.handleBody closes on a frame that is malformed", () => {
  const session = serverIn("SENDING");
  const verdict = closes(session.handleBody(Uint8Array.of(0xc1), START), "frame_malformed");
  assert.equal(verdict.code, closeCodeOf("frame_malformed"));
});

Deno.test("ServerSession.handleTransferBody takes transfers and nothing else", () => {
  const session = serverIn("AUTHENTICATED");
  const history = {
    type: "history",
    id: 4,
    conversation: "room:general",
    after: 0,
    limit: 10,
  } as const;
  const body = encodeFrame(history).subarray(4);
  assert.deepEqual(session.handleTransferBody(body, START), { type: "accept", frame: history });
  const search = { type: "search", id: 5, words: "x", limit: 10 } as const;
  assert.deepEqual(session.handleTransferBody(encodeFrame(search).subarray(4), START), {
    type: "accept",
    frame: search,
  });
  refused(session.handleTransferBody(encodeFrame(WHO).subarray(4), START), "bad_state");
  refused(session.handleBody(body, START), "bad_state");
});

Deno.test("ServerSession is SENDING until the last accepted message is settled", () => {
  const session = serverIn("AUTHENTICATED");
  session.handleFrame(SEND, START);
  session.handleFrame({ ...SEND, id: 4 }, START);
  assert.deepEqual([session.state, session.sending], ["SENDING", 2]);
  session.sendSettled();
  assert.equal(session.state, "SENDING");
  session.sendSettled();
  assert.deepEqual([session.state, session.sending], ["AUTHENTICATED", 0]);
  assert.throws(() => session.sendSettled(), /Cannot settle/);
});

Deno.test("ServerSession lets messages settle after the session has ended", () => {
  const session = serverIn("SENDING");
  session.end("draining");
  session.sendSettled();
  assert.equal(session.state, "DISCONNECTING");
});

Deno.test("ServerSession.leave says bye and why, with the close code", () => {
  assert.deepEqual(serverIn("AUTHENTICATED").end("logout", 5), {
    type: "close",
    frame: { type: "bye", re: 5, code: "logout", message: "You have signed out." },
    code: CLOSE_DONE,
  });
  assert.equal(
    closes(serverIn("SENDING").end("draining"), "draining").code,
    closeCodeOf("draining"),
  );
  assert.equal(closes(serverIn("CONNECTED").handleEnd(), "done").code, CLOSE_DONE);
});

Deno.test("ServerSession looks at nothing once it has ended", () => {
  const session = serverIn("DISCONNECTING");
  assert.deepEqual(session.handleFrame(PING, START), { type: "ignore" });
  assert.deepEqual(session.handleBody(Uint8Array.of(0xc1), START), { type: "ignore" });
  assert.deepEqual(session.handleFault(new ProtocolError("internal")), { type: "ignore" });
  assert.deepEqual(session.handleEnd(), { type: "ignore" });
  assert.deepEqual(session.end("done"), { type: "ignore" });
  assert.equal(session.handleTimeout(Infinity), undefined);
  assert.equal(session.deadline(), undefined);
  session.closed();
  session.closed();
  assert.equal(session.state, "DISCONNECTED");
});

Deno.test("ServerSession tells who was slow with a password that the session has ended", () => {
  for (const login of [LOGIN, RESUME]) {
    const session = serverIn("CONNECTED");
    session.handleFrame(login, START);
    session.handleEnd();
    assert.equal(session.loginSucceeded(START), false);
    assert.deepEqual(session.loginFailed("bad_credentials", START), { type: "ignore" });
    assert.equal(session.state, "DISCONNECTING");
  }
});
