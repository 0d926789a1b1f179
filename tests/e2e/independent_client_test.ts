/**
 * A client written from docs/protocol.md alone, on another implementation of QUIC and TLS, talks to a
 * Sotto client over a real server.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { startTestChat } from "../helpers/client.ts";
import { startTestServer, type TestServer } from "../helpers/server.ts";
import { toHex } from "../helpers/hex.ts";
import { sealByReference } from "../helpers/secret_reference.ts";
import { IndependentClient, makeUlid } from "../helpers/independent_client.ts";
import type { ValueMap } from "../helpers/independent_msgpack.ts";

function connect({ address, pin }: TestServer): Promise<IndependentClient> {
  return IndependentClient.connect({ hostname: address.hostname, port: address.port, pin });
}

async function signIn(server: TestServer, user: string): Promise<IndependentClient> {
  const guest = await connect(server);
  assert.equal((await guest.hello()).version, 1);
  assert.equal((await guest.login(user, "guest word")).user, user);
  return guest;
}

function contentsOf(messages: readonly ValueMap[]): unknown[][] {
  return messages.map(({ seq, from, content }) => [seq, from, (content as ValueMap).body]);
}

Deno.test("IndependentClient shares no code with protocol/", async () => {
  for (const file of ["independent_client.ts", "independent_msgpack.ts"]) {
    const source = await readFile(new URL(`../helpers/${file}`, import.meta.url), "utf8");
    const imports = [...source.matchAll(/\bfrom "([^"]+)"|\bimport\(/g)].map((match) => match[1]);
    assert.ok(
      imports.every((specifier) =>
        /^\.\/(independent_msgpack|changes|within)\.ts$/.test(specifier ?? "")
      ),
      file,
    );
  }
});

for (const engine of ["builtin", "quiche"]) {
  Deno.test(`IndependentClient talks with a Sotto client over the ${engine} engine`, async () => {
    await using server = await startTestServer({ engine });
    const { address: { port }, pin } = server;
    await using ann = await startTestChat({ user: "ann", port, pin });
    await using guest = await signIn(server, "guest");

    const { conversations } = await guest.next("conversations");
    assert.deepEqual(conversations, [{ conversation: "room:general", seq: 0, mark: 0, unread: 0 }]);
    const { users } = await guest.next("users");
    assert.deepEqual(users, [
      { number: 1, name: "ann", status: "normal" },
      { number: 2, name: "guest", status: "normal" },
    ]);
    await ann.event("presence", { user: "guest", status: "normal" });

    // Publicly, both ways.
    const ack = await guest.send("room:general", "Grüße aus der Ferne 👋");
    assert.deepEqual([ack.type, ack.seq], ["ack", 1]);
    await ann.event("message", {
      conversation: "room:general",
      seq: 1,
      from: "guest",
      text: "Grüße aus der Ferne 👋",
    });
    await ann.chat.type("welcome, guest");
    assert.deepEqual(contentsOf([await guest.next("message")]), [[2, "ann", "welcome, guest"]]);

    // Privately, both ways.
    await ann.chat.type("@guest between you and me");
    const whisper = await guest.next("message");
    assert.deepEqual(
      [whisper.conversation, ...contentsOf([whisper])],
      ["dm:ann:guest", [1, "ann", "between you and me"]],
    );
    assert.equal((await guest.send("dm:ann:guest", "of course")).seq, 2);
    await ann.event("message", { conversation: "dm:ann:guest", seq: 2, text: "of course" });

    assert.equal((await guest.leave()).code, "done");
    await ann.event("presence", { user: "guest", status: "offline" });
  });
}

/** The plain text of an envelope: length, text, zeros up to a multiple of 256. */
function padded(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const plain = new Uint8Array(Math.ceil((2 + bytes.length) / 256) * 256);
  new DataView(plain.buffer).setUint16(0, bytes.length);
  plain.set(bytes, 2);
  return plain;
}

Deno.test("IndependentClient and a Sotto client exchange secrets, both ways", async () => {
  await using server = await startTestServer();
  const { address: { port }, pin } = server;
  await using ann = await startTestChat({ user: "ann", port, pin });
  await using guest = await signIn(server, "guest");
  const passphrase = "opensesame";

  await ann.chat.type(`@secret guest ${passphrase} the treasure is under the oak`);
  const { ulid, content } = await guest.next("message");
  const { kind, body } = content as ValueMap;
  assert.equal(kind, "sealed");
  assert.ok(body instanceof Uint8Array);
  // The same passphrase and text give the same bytes.
  const [, log2N = 0, r = 0, p = 0] = body;
  const same = sealByReference({
    passphrase,
    from: "ann",
    to: "guest",
    ulid: String(ulid),
    ...{ log2N, r, p, salt: body.slice(4, 20), nonce: body.slice(52, 64) },
    plain: padded("the treasure is under the oak"),
  });
  assert.equal(toHex(body), toHex(same.envelope));

  const id = makeUlid();
  const { envelope } = sealByReference({
    passphrase,
    from: "guest",
    to: "ann",
    ulid: id,
    ...{ log2N: 10, r: 8, p: 1, salt: new Uint8Array(16), nonce: new Uint8Array(12) },
    plain: padded("it was the elm"),
  });
  const conversation = "dm:ann:guest";
  const sealed = { kind: "sealed", body: Uint8Array.from(envelope) };
  const answer = await guest.ask({ type: "send", ulid: id, conversation, content: sealed });
  assert.equal(answer.type, "ack");
  await ann.event("sealed", { conversation, id, from: "guest" });
  await ann.chat.type(`/open ${id} wrong`);
  await ann.event("error", { code: "wrong_passphrase" });
  await ann.chat.type(`/open ${id} ${passphrase}`);
  await ann.event("opened", { id, from: "guest", text: "it was the elm" });
});

Deno.test("IndependentClient resumes with its token and fetches what it missed", async () => {
  await using server = await startTestServer();
  const { address: { port }, pin } = server;
  await using ann = await startTestChat({ user: "ann", port, pin });
  let token;
  {
    await using guest = await connect(server);
    await guest.hello();
    ({ token } = await guest.login("guest", "guest word"));
    await ann.event("presence", { user: "guest", status: "normal" });
    await guest.send("room:general", "back soon");
    await guest.write({ type: "mark", conversation: "room:general", seq: 1 });
    await guest.leave();
  }
  await ann.event("presence", { user: "guest", status: "offline" });
  for (let i = 2; i <= 8; i++) await ann.chat.type(`line ${i}`);
  await ann.chat.type("@guest are you there?");
  await ann.event("notice", { code: "offline" });
  await ann.event("ack", { conversation: "room:general", seq: 8 });

  await using guest = await connect(server);
  await guest.hello();
  assert.equal((await guest.resume(token ?? null)).user, "guest");
  const { conversations } = await guest.next("conversations");
  const newest = new Map((conversations as ValueMap[]).map((state) => [
    state.conversation,
    [state.seq, state.mark],
  ]));
  assert.deepEqual(newest.get("room:general"), [8, 1]);
  assert.deepEqual(newest.get("dm:ann:guest"), [1, 0]);

  const missed = await guest.history("room:general", 1, 3);
  assert.deepEqual(
    contentsOf(missed),
    [2, 3, 4, 5, 6, 7, 8].map((seq) => [seq, "ann", `line ${seq}`]),
  );
  assert.deepEqual(contentsOf(await guest.history("dm:ann:guest", 0)), [
    [1, "ann", "are you there?"],
  ]);
});

Deno.test("IndependentClient that repeats a ULID is stored once", async () => {
  await using server = await startTestServer();
  await using guest = await signIn(server, "guest");
  const ulid = "01JD3Z8Q6W0VX5T7N2K9M4RBCE";
  const first = await guest.send("room:general", "once", ulid);
  const again = await guest.send("room:general", "once", ulid);
  assert.deepEqual([again.seq, again.at], [first.seq, first.at]);
  assert.equal((await guest.history("room:general", 0)).length, 1);
});

Deno.test("IndependentClient that repeats a ULID elsewhere is told where the first message is", async () => {
  await using server = await startTestServer();
  await using guest = await signIn(server, "guest");
  assert.equal(
    (await guest.ask({ type: "join", conversation: "room:tech" })).type,
    "conversation",
  );
  const ulid = "01JD3Z8Q6W0VX5T7N2K9M4RBCE";
  const first = await guest.send("room:general", "here", ulid);
  await guest.send("room:general", "and on");
  const again = await guest.send("room:tech", "there", ulid);
  assert.deepEqual(
    [again.type, again.conversation, again.seq, again.at],
    ["ack", "room:general", 1, first.at],
  );
  assert.equal((await guest.history("room:tech", 0)).length, 0);
});

Deno.test("IndependentClient learns which limit a name that is too long exceeds", async () => {
  await using server = await startTestServer();
  await using guest = await connect(server);
  await guest.hello();
  const codeOf = async (units: number) => {
    const { code, attempts } = await guest.login("a".repeat(units), "guest word");
    return [units, code, attempts];
  };
  assert.deepEqual(await codeOf(65), [65, "bad_frame", undefined]);
  assert.deepEqual(await codeOf(64), [64, "bad_name", 2]);
  assert.deepEqual(await codeOf(33), [33, "bad_name", 1]);
  assert.equal((await guest.login("a".repeat(32), "guest word")).type, "authenticated");
  const users = ["a".repeat(64), "A", ""];
  const resolved = await guest.ask({ type: "resolve", users });
  assert.deepEqual([resolved.users, resolved.unknown], [[], users]);
});

Deno.test("IndependentClient keeps its token and its expiry when it resumes", async () => {
  await using server = await startTestServer();
  await using first = await connect(server);
  await first.hello();
  const { token, expires } = await first.login("guest", "guest word");
  await using second = await connect(server);
  await second.hello();
  const resumed = await second.resume(token ?? null);
  assert.deepEqual([resumed.token, resumed.expires, resumed.created], [token, expires, false]);
  await using third = await connect(server);
  await third.hello();
  assert.notEqual((await third.login("guest", "guest word")).token, token);
});

Deno.test("IndependentClient signs in with its password however the keyboard composes it", async () => {
  await using server = await startTestServer();
  await using composed = await connect(server);
  await composed.hello();
  assert.equal((await composed.login("guest", "caf\u00e9")).created, true);
  await using decomposed = await connect(server);
  await decomposed.hello();
  assert.equal((await decomposed.login("guest", "Cafe\u0301")).code, "bad_credentials");
  assert.equal((await decomposed.login("guest", " cafe\u0301")).code, "bad_credentials");
  assert.equal((await decomposed.login(" Guest", "cafe\u0301")).user, "guest");
});

Deno.test("IndependentClient is limited by its address, successful sign-ins included", async () => {
  await using server = await startTestServer({ limits: { logins: { rate: 0.001, burst: 2 } } });
  for (const code of [undefined, undefined, "rate_limited"]) {
    await using guest = await connect(server);
    await guest.hello();
    const answer = await guest.login("guest", "guest word");
    assert.deepEqual([answer.code, answer.attempts], [code, code && 3]);
  }
});

Deno.test("IndependentClient that searches for a word with punctuation finds its parts in a row", async () => {
  await using server = await startTestServer();
  await using guest = await signIn(server, "guest");
  for (const text of ["an e-mail", "an e mail", "an email", "Café"]) {
    await guest.send("room:general", text);
  }
  const found = async (words: string) =>
    contentsOf((await guest.request({ type: "search", words, limit: 10 })).slice(0, -1))
      .map(([, , text]) => text);
  assert.deepEqual(await found("e-mail"), ["an e mail", "an e-mail"]);
  assert.deepEqual([await found("caf"), await found("cafe")], [[], ["Café"]]);
});

Deno.test("IndependentClient that offers versions 1 and 99 gets 1, and with 99 alone an error", async () => {
  await using server = await startTestServer();
  await using modern = await connect(server);
  assert.equal((await modern.hello([1, 99])).version, 1);
  await using future = await connect(server);
  const error = await future.hello([99]);
  assert.deepEqual([error.code, error.versions], ["no_common_version", [1]]);
  assert.match(String(error.message), /\[99\].*\[1\]/);
  assert.equal((await future.untilClosed()).code, 0x104);
});

Deno.test("IndependentClient signs out, which makes its token invalid", async () => {
  await using server = await startTestServer();
  await using first = await connect(server);
  await first.hello();
  const { token } = await first.login("guest", "guest word");
  const bye = await first.ask({ type: "logout" });
  assert.deepEqual([bye.type, bye.code], ["bye", "logout"]);
  assert.equal((await first.untilClosed()).code, 0x100);
  await using second = await connect(server);
  await second.hello();
  assert.equal((await second.resume(token ?? null)).code, "bad_token");
  assert.equal((await second.login("guest", "guest word")).type, "authenticated");
});

Deno.test("IndependentClient receives bye when the server stops", async () => {
  await using server = await startTestServer();
  await using guest = await signIn(server, "guest");
  const stopped = server.stop();
  assert.equal((await guest.next("bye")).code, "draining");
  assert.equal((await guest.untilClosed()).code, 0x10b);
  await stopped;
});

Deno.test("IndependentClient does not connect to a server that shows another certificate", async () => {
  await using server = await startTestServer();
  const { hostname, port } = server.address;
  const pin = `SHA256:${"A".repeat(43)}`;
  await assert.rejects(IndependentClient.connect({ hostname, port, pin }));
});
