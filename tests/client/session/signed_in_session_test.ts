/** Waiting for a session, over connections that break. */
import assert from "node:assert/strict";
import type { SessionConnection } from "../../../client/session/session_connection.ts";
import { CurrentSession, type SignedInSession } from "../../../client/session/signed_in_session.ts";

const server = { host: "here", port: 1, pin: "SHA256:x" };

function sessionOf(connection: SignedInSession["connection"]): SignedInSession {
  return { connection, account: "ann", server };
}

Deno.test("CurrentSession.next waits over connections that break before their sign-in", async () => {
  const first: SessionConnection = Object.create(null);
  const second: SessionConnection = Object.create(null);
  const session = new CurrentSession(sessionOf(first));
  const { signal } = new AbortController();
  assert.equal(await session.next(signal), first);

  session.clear();
  let found: unknown;
  void session.next(signal).then((connection) => found = connection);
  await Promise.resolve();
  session.clear();
  session.clear();
  session.replace(sessionOf(second));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(found, second);
});

Deno.test("CurrentSession.next ends when its signal fires", async () => {
  const session = new CurrentSession(sessionOf(Object.create(null)));
  session.clear();
  const abort = new AbortController();
  const waiting = session.next(abort.signal);
  abort.abort();
  assert.equal(await waiting, undefined);
});
