import assert from "node:assert/strict";
import { closeCodeOf } from "../../../protocol/errors.ts";
import { LOGIN_ATTEMPTS, TIMES } from "../../../protocol/limits.ts";
import { GENERAL } from "../../../protocol/names.ts";
import { ulidOf } from "../../helpers/messages.ts";
import { settle } from "../../helpers/fake_clock.ts";
import { inShort } from "../../helpers/test_session.ts";
import { codeOf, endsWith, startSocketless } from "../../helpers/socketless.ts";

Deno.test("The session ends if no sign-in succeeds within 60 s, whatever else the client sends", async () => {
  await using server = await startSocketless();
  const peer = await server.connect();
  await peer.hello();
  for (let ping = 0; ping < 5; ping++) {
    await server.pass(10_000);
    await peer.write({ type: "ping", id: peer.nextId() });
    await peer.next("pong");
  }
  await server.pass(10_000);
  await endsWith(peer, "login_timeout", server.pass);
});

Deno.test("login() has three attempts of 60 s each, and then closes", async () => {
  await using server = await startSocketless();
  await server.signIn("ann");
  const peer = await server.connect();
  await peer.hello();
  for (let left = LOGIN_ATTEMPTS - 1; left >= 0; left--) {
    await server.pass(40_000);
    await peer.write({ type: "login", id: peer.nextId(), user: "ann", password: "wrong" });
    const error = await peer.next("error");
    if (left > 0) assert.deepEqual([error.code, error.attempts], ["bad_credentials", left]);
    else assert.equal(error.code, "too_many_attempts");
  }
  await server.pass(2 * TIMES.linger);
  assert.equal((await peer.closed()).code, closeCodeOf("too_many_attempts"));
});

Deno.test("login() and resume() are refused while the account has 16 sessions", async () => {
  await using server = await startSocketless();
  const first = await server.connect();
  await first.hello();
  const { token } = await first.login("ann");
  for (let device = 1; device < 16; device++) await server.signIn("ann");
  const further = await server.connect();
  await further.hello();
  const logins: string[] = [];
  const create = server.store.logins.create.bind(server.store.logins);
  server.store.logins.create = (login) => {
    logins.push(login.id);
    return create(login);
  };
  const login = { type: "login", user: "ann", password: "secret" } as const;
  for (const request of [login, { type: "resume", token }] as const) {
    await further.write({ ...request, id: further.nextId() });
    const { code, message, attempts } = await further.next("error");
    assert.equal(code, "busy");
    assert.match(message, /as many sessions at once as it may have\. End one/);
    if (request.type === "login") assert.equal(attempts, LOGIN_ATTEMPTS, "it is no failure");
  }
  assert.equal(logins.length, 1);
  for (const id of logins) assert.equal(await server.store.logins.get(id), undefined);
  await server.signIn("bob");
  await first.write({ type: "logout", id: first.nextId() });
  await first.next("bye");
  await server.pass(2 * TIMES.linger);
  await further.login("ann");
});

Deno.test("login() works at the third attempt", async () => {
  await using server = await startSocketless();
  await server.signIn("ann");
  const peer = await server.connect();
  await peer.hello();
  for (const password of ["wrong", "Secret"]) {
    await peer.write({ type: "login", id: peer.nextId(), user: "ann", password });
    await peer.next("error");
  }
  assert.equal((await peer.login("ann", "secret")).created, false);
});

Deno.test("resume() takes a token; one that is worth nothing costs no attempt", async () => {
  await using server = await startSocketless();
  const first = await server.connect();
  await first.hello();
  const { token, number } = await first.login("ann");
  const second = await server.connect();
  await second.hello();
  await second.write({ type: "resume", id: second.nextId(), token: "nonsense" });
  assert.equal(codeOf(await second.next("error")), "bad_token");
  await second.write({ type: "resume", id: second.nextId(), token });
  const authenticated = await second.next("authenticated");
  assert.deepEqual(
    [authenticated.user, authenticated.number, authenticated.token, authenticated.created],
    ["ann", number, token, false],
  );
});

Deno.test("logout() ends the session for good at logout, on every connection that has it", async () => {
  await using server = await startSocketless();
  const first = await server.connect();
  await first.hello();
  const { token } = await first.login("ann");
  const second = await server.connect();
  await second.hello();
  await second.write({ type: "resume", id: second.nextId(), token });
  await second.next("authenticated");

  const re = first.nextId();
  await first.write({ type: "logout", id: re });
  const bye = await first.next("bye");
  assert.deepEqual([bye.re, bye.code], [re, "logout"]);
  await endsWith(second, "session_revoked", server.pass);
  await first.gone;
  assert.equal(server.presence.statusOf("ann"), "offline");

  const third = await server.connect();
  await third.hello();
  await third.write({ type: "resume", id: third.nextId(), token });
  assert.equal(codeOf(await third.next("error")), "bad_token");
});

Deno.test("login() tells how far conversations have come, and who is there, after signing in", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  await server.pass(100);
  await ann.say(GENERAL, ulidOf(1), "hello");
  await ann.next("ack");
  const bob = await server.signIn("bob");
  await server.pass(100);
  assert.deepEqual(bob.received.slice(1).map((frame) => frame.type), [
    "authenticated",
    "conversations",
    "users",
  ]);
  assert.deepEqual((await bob.next("conversations")).conversations, [
    { conversation: GENERAL, seq: 1, mark: 1, unread: 0 },
  ]);
  assert.equal(inShort(await bob.next("users")), "users 1 ann, 2 bob");
  assert.equal(inShort(await ann.next("presence")), "presence 2 bob normal");
});

Deno.test("login() makes no account for a client that has closed its connection, or ended its session", async () => {
  const hashing: PromiseWithResolvers<string>[] = [];
  const hash = () => {
    hashing.push(Promise.withResolvers());
    return hashing.at(-1)?.promise ?? Promise.reject();
  };
  const verify = () => Promise.reject(new Error("not expected"));
  await using server = await startSocketless({}, {}, { hash, verify });
  const start = async (user: string) => {
    const peer = await server.connect();
    await peer.hello();
    await peer.write({ type: "login", id: peer.nextId(), user, password: "secret" });
    await settle();
    return peer;
  };
  const closed = await start("ann");
  closed.connection.close(0);
  const cut = await start("bob");
  const stream = await cut.connection.openStream();
  await stream.write(new Uint8Array([255, 255, 255, 255])); // Ends the session: no frame is so large.
  await settle();
  await start("carl");
  for (const each of hashing) each.resolve("hashed");
  await settle();
  assert.equal(await server.store.accounts.byName("ann"), undefined);
  assert.equal(await server.store.accounts.byName("bob"), undefined);
  assert.equal((await server.store.accounts.byName("carl"))?.name, "carl");
});

Deno.test("login() refuses an address that has failed too often, before any password is looked at", async () => {
  await using server = await startSocketless({ failures: { rate: 0.1, burst: 2 } });
  await server.signIn("ann");
  const attempt = async (password: string) => {
    const peer = await server.connect();
    await peer.hello();
    await peer.write({ type: "login", id: peer.nextId(), user: "ann", password });
    return codeOf(await peer.next("error", "authenticated"));
  };
  assert.equal(await attempt("wrong"), "bad_credentials");
  assert.equal(await attempt("wrong"), "bad_credentials");
  assert.equal(await attempt("secret"), "rate_limited");
  await server.clock.pass(10_000);
  assert.equal(await attempt("secret"), "authenticated");
});

Deno.test("login() refuses an address that signs in too often, even rightly", async () => {
  await using server = await startSocketless({ logins: { rate: 1, burst: 2 } });
  await server.signIn("ann");
  await server.signIn("bob");
  const peer = await server.connect();
  await peer.hello();
  await peer.write({ type: "login", id: peer.nextId(), user: "ann", password: "secret" });
  const error = await peer.next("error");
  assert.deepEqual([error.code, error.attempts], ["rate_limited", LOGIN_ATTEMPTS]);
  await server.clock.pass(1_000);
  assert.equal((await peer.login("ann")).user, "ann");
});
