/** Sessions brought into a state, without ports and with a clock that is a number. */
import assert from "node:assert/strict";
import type { ClientFrames, ServerFrames } from "../../protocol/frame.ts";
import { ClientSession } from "../../protocol/session/client.ts";
import { ServerSession, type Verdict } from "../../protocol/session/server.ts";
import type { State } from "../../protocol/session/states.ts";

/** When these sessions begin. Not 0, so that a forgotten addition shows. */
export const START = 1_000_000;

export const HELLO: ClientFrames["hello"] = {
  type: "hello",
  id: 1,
  versions: [1],
  features: [],
  client: "test",
};
export const LOGIN: ClientFrames["login"] = { type: "login", id: 2, user: "ann", password: "x" };
export const SEND: ClientFrames["send"] = {
  type: "send",
  id: 3,
  ulid: "01JD3Z8Q6W0VX5T7N2K9M4RBCE",
  conversation: "room:general",
  content: { kind: "text", body: "hi" },
};
export const WELCOME: ServerFrames["welcome"] = {
  type: "welcome",
  re: 1,
  version: 1,
  features: [],
  server: "test",
};
export const AUTHENTICATED: ServerFrames["authenticated"] = {
  type: "authenticated",
  re: 2,
  user: "ann",
  number: 1,
  token: "t",
  expires: START + 1,
  created: false,
};

export type LiveState = Exclude<State, "DISCONNECTED" | "ERROR">;

/** A server's session in the given state, at `START`. */
export function serverIn(state: LiveState): ServerSession {
  const session = new ServerSession({ server: "test" }, START);
  if (state === "CONNECTING") return session;
  assert.equal(session.handleFrame(HELLO, START).type, "answer");
  if (state === "CONNECTED") return session;
  assert.equal(session.handleFrame(LOGIN, START).type, "accept");
  session.loginSucceeded(START);
  if (state === "AUTHENTICATED") return session;
  if (state === "SENDING") session.handleFrame(SEND, START);
  else session.end("done");
  assert.equal(session.state, state);
  return session;
}

/** A client's session in the given state, at `START`. */
export function clientIn(state: LiveState): ClientSession {
  const session = new ClientSession({ client: "test" }, START);
  if (state === "CONNECTING") return session;
  session.hello(START);
  session.handleFrame(WELCOME, START);
  if (state === "CONNECTED") return session;
  const { type, user, password } = LOGIN;
  session.request({ type, user, password }, START);
  session.handleFrame(AUTHENTICATED, START);
  if (state === "AUTHENTICATED") return session;
  if (state === "SENDING") {
    const { type, ulid, conversation, content } = SEND;
    session.request({ type, ulid, conversation, content }, START);
  } else session.leave();
  assert.equal(session.state, state);
  return session;
}

/** Asserts that the verdict refuses with an error of this code, and returns the `error` frame. */
export function refused(verdict: Verdict | undefined, code: string): ServerFrames["error"] {
  assert.ok(verdict?.type === "refuse", `is ${verdict?.type}, not refuse`);
  assert.equal(verdict.frame.code, code);
  return verdict.frame;
}

/** Asserts that the verdict closes with an `error` or `bye` of this code, and returns it. */
export function closes(
  verdict: Verdict | undefined,
  code: string,
): Extract<Verdict, { type: "close" }> {
  assert.ok(verdict?.type === "close", `is ${verdict?.type}, not close`);
  assert.equal(verdict.frame.code, code);
  return verdict;
}
