import assert from "node:assert/strict";
import { encodeFrame } from "../../../protocol/codec.ts";
import { CLOSE_DONE, closeCodeOf, ProtocolError } from "../../../protocol/errors.ts";
import type { ServerFrame, ServerFrames } from "../../../protocol/frame.ts";
import { LIMITS, TIMES } from "../../../protocol/limits.ts";
import { CLIENT_RULES, SERVER_RULES } from "../../../protocol/session/rules.ts";
import { ClientSession } from "../../../protocol/session/client.ts";
import {
  AUTHENTICATED,
  clientIn,
  type LiveState,
  SEND,
  START,
  WELCOME,
} from "../../helpers/sessions.ts";
import { encode } from "../../helpers/independent_msgpack.ts";
import { VECTORS } from "../../helpers/vectors.ts";

const LIVE: readonly LiveState[] = ["CONNECTING", "CONNECTED", "AUTHENTICATED", "SENDING"];
const IGNORE = { type: "ignore" };
const { type, ulid, conversation, content } = SEND;
const SEND_FIELDS = { type, ulid, conversation, content } as const;
const ACK = { type: "ack", ulid, conversation, seq: 1, at: START } as const;

Deno.test("ClientSession sends hello first, once, with its versions, features and software", () => {
  const session = new ClientSession({ client: "c", versions: [1, 2], features: ["f"] }, START);
  assert.deepEqual(session.hello(START), {
    type: "hello",
    id: 1,
    versions: [1, 2],
    features: ["f"],
    client: "c",
  });
  assert.throws(() => session.hello(START), /Cannot send hello/);
});

Deno.test("ClientSession goes from hello to an acknowledged message", () => {
  const session = new ClientSession({ client: "c" }, START);
  const hello = session.hello(START);
  assert.deepEqual(session.handleFrame(WELCOME, START), {
    type: "answer",
    request: hello,
    frame: WELCOME,
  });
  assert.deepEqual([session.state, session.welcome], ["CONNECTED", WELCOME]);

  const login = session.request({ type: "login", user: "ann", password: "x" }, START);
  assert.equal(login.id, 2);
  assert.deepEqual(session.handleFrame(AUTHENTICATED, START), {
    type: "answer",
    request: login,
    frame: AUTHENTICATED,
  });
  assert.equal(session.state, "AUTHENTICATED");

  const send = session.request(SEND_FIELDS, START);
  assert.equal(session.state, "SENDING");
  const ack = { ...ACK, re: send.id };
  assert.deepEqual(session.handleFrame(ack, START), { type: "answer", request: send, frame: ack });
  assert.equal(session.state, "AUTHENTICATED");
});

Deno.test("ClientSession is SENDING until the last message has its ack or its error", () => {
  const session = clientIn("AUTHENTICATED");
  const first = session.request(SEND_FIELDS, START);
  const second = session.request(SEND_FIELDS, START);
  session.handleFrame({ type: "error", re: first.id, code: "busy", message: "" }, START);
  assert.equal(session.state, "SENDING");
  session.handleFrame({ ...ACK, re: second.id }, START);
  assert.equal(session.state, "AUTHENTICATED");
});

Deno.test("ClientSession closes on a server that chose a version it does not have", () => {
  const session = new ClientSession({ client: "c" }, START);
  session.hello(START);
  const output = session.handleFrame({ ...WELCOME, version: 2 }, START);
  assert.ok(output.type === "close");
  assert.deepEqual([output.by, output.code], ["client", "no_common_version"]);
});

Deno.test("ClientSession lets each frame be sent in its states, and no other", () => {
  for (const state of LIVE) {
    const session = clientIn(state);
    for (const type of Object.keys(CLIENT_RULES) as (keyof typeof CLIENT_RULES)[]) {
      assert.equal(session.allows(type), CLIENT_RULES[type].states.includes(state), type);
    }
    if (state === "CONNECTED") continue;
    assert.throws(() => session.request({ type: "login", user: "a", password: "x" }, START));
  }
  assert.throws(
    () => clientIn("CONNECTED").request(SEND_FIELDS, START),
    /current state is CONNECTED/,
  );
  assert.throws(() => clientIn("CONNECTED").notify({ type: "mark", conversation, seq: 1 }));
  const mark = { type: "mark", conversation, seq: 1 } as const;
  assert.deepEqual(clientIn("SENDING").notify(mark), mark);
});

Deno.test("ClientSession ignores frames that the server may not send in this state", () => {
  const frames = VECTORS.filter(({ from }) => from === "server")
    .map(({ frame }) => frame as ServerFrame);
  for (const state of LIVE) {
    for (const frame of frames) {
      const rule = SERVER_RULES[frame.type];
      if (rule.states.includes(state) && rule.streams.includes("session")) continue;
      const session = clientIn(state);
      assert.deepEqual(session.handleFrame(frame, START), IGNORE, `${frame.type} in ${state}`);
      assert.equal(session.state, state);
    }
  }
});

Deno.test("ClientSession ignores unknown frames and values of a newer server", () => {
  const session = clientIn("AUTHENTICATED");
  for (
    const map of [
      { type: "weather", re: 1 },
      { type: "presence", user: "bob", number: 2, status: "busy" },
      {},
    ]
  ) {
    assert.deepEqual(session.handleBody(encode(map), START), IGNORE);
  }
  assert.equal(session.state, "AUTHENTICATED");
});

Deno.test("ClientSession closes on bytes that are no frame, with the code", () => {
  const output = clientIn("AUTHENTICATED").handleBody(Uint8Array.of(0xc1), START);
  assert.ok(output.type === "close");
  assert.deepEqual(
    [output.by, output.code, output.close],
    ["client", "frame_malformed", closeCodeOf("frame_malformed")],
  );
  const session = clientIn("CONNECTED");
  assert.equal(session.handleFault(new ProtocolError("frame_truncated"), START).type, "close");
  assert.equal(session.state, "DISCONNECTING");
});

Deno.test("ClientSession pushes frames that answer no request", () => {
  const session = clientIn("AUTHENTICATED");
  const message = {
    type: "message",
    conversation,
    seq: 4,
    ulid,
    from: "bob",
    at: START,
    content,
  } as const;
  assert.deepEqual(session.handleBody(encodeFrame(message).subarray(4), START), {
    type: "push",
    frame: message,
  });
});

Deno.test("ClientSession pushes a notice about a request before its answer and after it", () => {
  const session = clientIn("AUTHENTICATED");
  const { id: re } = session.request(SEND_FIELDS, START);
  const notice = { type: "notice", re, code: "offline", text: "not there" } as const;
  assert.deepEqual(session.handleFrame(notice, START), { type: "push", frame: notice });
  assert.equal(session.handleFrame({ ...ACK, re }, START).type, "answer");
  assert.deepEqual(session.handleFrame(notice, START), { type: "push", frame: notice });
});

Deno.test("ClientSession keeps a request pending while its answer has more", () => {
  const session = clientIn("AUTHENTICATED");
  const who = session.request({ type: "who" }, START);
  const users: ServerFrames["users"] = { type: "users", re: who.id, users: [], more: true };
  assert.equal(session.handleFrame(users, START).type, "answer");
  assert.deepEqual(session.pending, [who]);
  assert.notEqual(session.handleTimeout(START + TIMES.answer - 1)?.type, "close");
  assert.equal(session.handleFrame(users, START + 20_000).type, "answer");
  assert.notEqual(session.handleTimeout(START + 20_000 + TIMES.answer - 1)?.type, "close");
  assert.equal(session.handleFrame({ ...users, more: false }, START).type, "answer");
  assert.deepEqual(session.pending, []);
  assert.deepEqual(session.handleFrame(users, START), IGNORE);
});

Deno.test("ClientSession pushes a frame of the wrong type, and goes on waiting for the answer", () => {
  const session = clientIn("AUTHENTICATED");
  const who = session.request({ type: "who" }, START);
  assert.equal(session.handleFrame({ ...ACK, re: who.id }, START).type, "push");
  assert.deepEqual(session.pending, [who]);
});

Deno.test("ClientSession is still CONNECTED after a login that failed", () => {
  const session = clientIn("CONNECTED");
  const login = session.request({ type: "login", user: "ann", password: "x" }, START);
  const error = {
    type: "error",
    re: login.id,
    code: "bad_credentials",
    message: "",
    attempts: 2,
  } as const;
  assert.deepEqual(session.handleFrame(error, START), {
    type: "answer",
    request: login,
    frame: error,
  });
  assert.equal(session.state, "CONNECTED");
});

Deno.test("ClientSession ends on a fatal error from the server", () => {
  const session = clientIn("SENDING");
  const error = { type: "error", re: 3, code: "session_revoked", message: "gone" } as const;
  assert.deepEqual(session.handleFrame(error, START), {
    type: "close",
    by: "server",
    code: "session_revoked",
    message: "gone",
    close: CLOSE_DONE,
  });
  assert.equal(session.state, "DISCONNECTING");
});

Deno.test("ClientSession pushes an error with an unknown code", () => {
  for (const code of ["too_windy", "constructor"]) {
    const error = { type: "error", code, message: "" } as const;
    assert.deepEqual(clientIn("CONNECTED").handleFrame(error, START), {
      type: "push",
      frame: error,
    });
  }
});

Deno.test("ClientSession ends on the server's bye, and on the end of its stream", () => {
  const byeing = clientIn("AUTHENTICATED");
  const bye = { type: "bye", code: "draining", message: "later" } as const;
  const output = byeing.handleFrame(bye, START);
  assert.deepEqual(output.type === "close" && [output.by, output.code], ["server", "draining"]);
  assert.equal(clientIn("CONNECTED").handleEnd().type, "close");
});

Deno.test("ClientSession pings every 15 seconds and measures the round trip", () => {
  const session = clientIn("CONNECTED");
  assert.equal(session.deadline(), START + TIMES.ping);
  assert.equal(session.handleTimeout(START + TIMES.ping - 1), undefined);
  const due = START + TIMES.ping;
  const output = session.handleTimeout(due);
  assert.ok(output?.type === "write");
  assert.equal(session.handleTimeout(due), undefined);
  assert.equal(session.rtt, undefined);
  const { id } = output.frame;
  assert.deepEqual(session.handleFrame({ type: "pong", re: id + 1 }, due + 10), IGNORE);
  assert.deepEqual(session.handleFrame({ type: "pong", re: id }, due + 30), {
    type: "pong",
    rtt: 30,
  });
  assert.equal(session.rtt, 30);
  assert.deepEqual(session.handleFrame({ type: "pong", re: id }, due + 40), IGNORE);
  assert.equal(session.deadline(), due + TIMES.ping);
});

Deno.test("ClientSession gives a silent server 45 seconds", () => {
  const session = clientIn("AUTHENTICATED");
  const heard = START + 10_000;
  session.handleActivity(heard);
  for (let now = START; now < heard + TIMES.silence; now += 1_000) {
    assert.notEqual(session.handleTimeout(now)?.type, "close");
  }
  const output = session.handleTimeout(heard + TIMES.silence);
  assert.ok(output?.type === "close");
  assert.deepEqual([output.by, output.code], ["client", "silence"]);
  assert.equal(output.close, closeCodeOf("silence"));
  assert.equal(session.deadline(), undefined);
});

Deno.test("ClientSession gives the server 60 seconds to check a sign-in, and sends no ping", () => {
  const login = { type: "login", user: "ann", password: "pw" } as const;
  const silent = clientIn("CONNECTED");
  silent.request(login, START);
  assert.equal(silent.deadline(), START + TIMES.login);
  assert.equal(silent.handleTimeout(START + TIMES.login - 1), undefined);
  assert.equal(silent.handleTimeout(START + TIMES.login)?.type, "close");

  const answering = clientIn("CONNECTED");
  const { id } = answering.request(login, START);
  const answered = START + 40_000;
  answering.handleFrame({ ...AUTHENTICATED, re: id }, answered);
  assert.equal(answering.handleTimeout(answered)?.type, "write", "the ping that was due");
  assert.equal(answering.deadline(), answered + TIMES.ping);
});

Deno.test("ClientSession gives the server 30 seconds from one answer to the next", () => {
  const session = clientIn("AUTHENTICATED");
  const first = session.request(SEND_FIELDS, START);
  session.request(SEND_FIELDS, START);
  const answered = START + 20_000;
  session.handleFrame({ ...ACK, re: first.id }, answered);
  session.handleActivity(answered + 29_999);
  assert.notEqual(session.handleTimeout(answered + TIMES.answer - 1)?.type, "close");
  assert.equal(session.handleTimeout(answered + TIMES.answer)?.type, "close");
});

Deno.test("ClientSession expects no answer without a request", () => {
  const session = clientIn("AUTHENTICATED");
  session.handleActivity(START + TIMES.answer);
  assert.equal(session.handleTimeout(START + TIMES.answer)?.type, "write");
  session.request(SEND_FIELDS, START + TIMES.answer + 5);
  assert.equal(session.handleTimeout(START + TIMES.answer + 6), undefined);
});

Deno.test("ClientSession expects no answer to requests before a resync", () => {
  const session = clientIn("AUTHENTICATED");
  session.request(SEND_FIELDS, START);
  session.request({ type: "who" }, START);
  assert.deepEqual(session.handleFrame({ type: "resync" }, START), {
    type: "push",
    frame: { type: "resync" },
  });
  assert.deepEqual([session.state, session.pending], ["AUTHENTICATED", []]);
  const again = session.request(SEND_FIELDS, START);
  const ack = { ...ACK, re: again.id };
  assert.deepEqual(session.handleFrame(ack, START), { type: "answer", request: again, frame: ack });
});

Deno.test("ClientSession keeps a bounded number of requests", () => {
  const session = clientIn("AUTHENTICATED");
  for (let i = 0; i < LIMITS.requests; i++) session.request(SEND_FIELDS, START);
  assert.equal(session.allows("send"), false);
  assert.throws(() => session.request(SEND_FIELDS, START), /256 requests wait/);
  // They do not delay the keep-alive.
  assert.equal(session.handleTimeout(START + TIMES.ping)?.type, "write");
});

Deno.test("ClientSession.query gives the request an id of this session", () => {
  const session = clientIn("AUTHENTICATED");
  const who = session.request({ type: "who" }, START);
  const transfer = session.query({ type: "history", conversation, after: 3, limit: 5 }, START);
  assert.equal(transfer.request.id, who.id + 1);
  assert.throws(
    () => clientIn("CONNECTED").query({ type: "history", conversation, after: 0, limit: 1 }, START),
    /current state is CONNECTED/,
  );
});

Deno.test("ClientSession ignores everything after its end", () => {
  const session = clientIn("DISCONNECTING");
  assert.deepEqual(session.handleFrame({ type: "resync" }, START), IGNORE);
  assert.deepEqual(session.handleBody(Uint8Array.of(0xc1), START), IGNORE);
  assert.deepEqual(session.handleFault(new ProtocolError("frame_malformed"), START), IGNORE);
  assert.deepEqual(session.handleEnd(), IGNORE);
  assert.equal(session.handleTimeout(Infinity), undefined);
  assert.equal(session.deadline(), undefined);
  assert.equal(session.allows("who"), false);
  session.leave();
  session.closed();
  session.closed();
  assert.equal(session.state, "DISCONNECTED");
});
