/**
 * A client that was written from docs/protocol.md alone, on another QUIC and another TLS, talks with
 * a Sotto client over a real server.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { startTestChat } from "../helpers/client.ts";
import { startTestServer, type TestServer } from "../helpers/server.ts";
import { toHex } from "../helpers/hex.ts";
import { sealByReference } from "../helpers/secret_reference.ts";
import { makeUlid, Stranger } from "../helpers/stranger.ts";
import type { ValueMap } from "../helpers/stranger_msgpack.ts";

function connect({ address, pin }: TestServer): Promise<Stranger> {
  return Stranger.connect({ hostname: address.hostname, port: address.port, pin });
}

async function signIn(server: TestServer, user: string): Promise<Stranger> {
  const stranger = await connect(server);
  assert.equal((await stranger.hello()).version, 1);
  assert.equal((await stranger.login(user, "strange word")).user, user);
  return stranger;
}

function told(messages: readonly ValueMap[]): unknown[][] {
  return messages.map(({ seq, from, content }) => [seq, from, (content as ValueMap).body]);
}

Deno.test("Stranger shares no code with protocol/", async () => {
  for (const file of ["stranger.ts", "stranger_msgpack.ts"]) {
    const source = await readFile(new URL(`../helpers/${file}`, import.meta.url), "utf8");
    const imports = [...source.matchAll(/\bfrom "([^"]+)"|\bimport\(/g)].map((match) => match[1]);
    assert.ok(
      imports.every((specifier) =>
        /^\.\/(stranger_msgpack|changes|within)\.ts$/.test(specifier ?? "")
      ),
      file,
    );
  }
});

for (const engine of ["builtin", "quiche"]) {
  Deno.test(`Stranger talks with a Sotto client over the ${engine} engine`, async () => {
    await using server = await startTestServer({ engine });
    const { address: { port }, pin } = server;
    await using ann = await startTestChat({ user: "ann", port, pin });
    await using stranger = await signIn(server, "stranger");

    const { conversations } = await stranger.next("conversations");
    assert.deepEqual(conversations, [{ conversation: "room:general", seq: 0, mark: 0, unread: 0 }]);
    const { users } = await stranger.next("users");
    assert.deepEqual(users, [
      { number: 1, name: "ann", status: "normal" },
      { number: 2, name: "stranger", status: "normal" },
    ]);
    await ann.event("presence", { user: "stranger", status: "normal" });

    // Publicly, both ways.
    const ack = await stranger.say("room:general", "Grüße aus der Ferne 👋");
    assert.deepEqual([ack.type, ack.seq], ["ack", 1]);
    await ann.event("message", {
      conversation: "room:general",
      seq: 1,
      from: "stranger",
      text: "Grüße aus der Ferne 👋",
    });
    await ann.chat.type("welcome, stranger");
    assert.deepEqual(told([await stranger.next("message")]), [[2, "ann", "welcome, stranger"]]);

    // Privately, both ways.
    await ann.chat.type("@stranger between you and me");
    const whisper = await stranger.next("message");
    assert.deepEqual(
      [whisper.conversation, ...told([whisper])],
      ["dm:ann:stranger", [1, "ann", "between you and me"]],
    );
    assert.equal((await stranger.say("dm:ann:stranger", "of course")).seq, 2);
    await ann.event("message", { conversation: "dm:ann:stranger", seq: 2, text: "of course" });

    assert.equal((await stranger.leave()).code, "done");
    await ann.event("presence", { user: "stranger", status: "offline" });
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

Deno.test("Stranger and a Sotto client exchange secrets, both ways", async () => {
  await using server = await startTestServer();
  const { address: { port }, pin } = server;
  await using ann = await startTestChat({ user: "ann", port, pin });
  await using stranger = await signIn(server, "stranger");
  const passphrase = "opensesame";

  await ann.chat.type(`@secret stranger ${passphrase} the treasure is under the oak`);
  const { ulid, content } = await stranger.next("message");
  const { kind, body } = content as ValueMap;
  assert.equal(kind, "sealed");
  assert.ok(body instanceof Uint8Array);
  // Whoever has the passphrase seals the same text into the same bytes.
  const [, log2N = 0, r = 0, p = 0] = body;
  const same = sealByReference({
    passphrase,
    from: "ann",
    to: "stranger",
    ulid: String(ulid),
    ...{ log2N, r, p, salt: body.slice(4, 20), nonce: body.slice(52, 64) },
    plain: padded("the treasure is under the oak"),
  });
  assert.equal(toHex(body), toHex(same.envelope));

  const id = makeUlid();
  const { envelope } = sealByReference({
    passphrase,
    from: "stranger",
    to: "ann",
    ulid: id,
    ...{ log2N: 10, r: 8, p: 1, salt: new Uint8Array(16), nonce: new Uint8Array(12) },
    plain: padded("it was the elm"),
  });
  const conversation = "dm:ann:stranger";
  const sealed = { kind: "sealed", body: Uint8Array.from(envelope) };
  const answer = await stranger.ask({ type: "send", ulid: id, conversation, content: sealed });
  assert.equal(answer.type, "ack");
  await ann.event("sealed", { conversation, id, from: "stranger" });
  await ann.chat.type(`/open ${id} wrong`);
  await ann.event("error", { code: "wrong_passphrase" });
  await ann.chat.type(`/open ${id} ${passphrase}`);
  await ann.event("opened", { id, from: "stranger", text: "it was the elm" });
});

Deno.test("Stranger comes back with its token and catches up with what it has missed", async () => {
  await using server = await startTestServer();
  const { address: { port }, pin } = server;
  await using ann = await startTestChat({ user: "ann", port, pin });
  let token;
  {
    await using stranger = await connect(server);
    await stranger.hello();
    ({ token } = await stranger.login("stranger", "strange word"));
    await ann.event("presence", { user: "stranger", status: "normal" });
    await stranger.say("room:general", "back soon");
    await stranger.write({ type: "mark", conversation: "room:general", seq: 1 });
    await stranger.leave();
  }
  await ann.event("presence", { user: "stranger", status: "offline" });
  for (let i = 2; i <= 8; i++) await ann.chat.type(`line ${i}`);
  await ann.chat.type("@stranger are you there?");
  await ann.event("notice", { code: "offline" });
  await ann.event("ack", { conversation: "room:general", seq: 8 });

  await using stranger = await connect(server);
  await stranger.hello();
  assert.equal((await stranger.resume(token ?? null)).user, "stranger");
  const { conversations } = await stranger.next("conversations");
  const newest = new Map((conversations as ValueMap[]).map((state) => [
    state.conversation,
    [state.seq, state.mark],
  ]));
  assert.deepEqual(newest.get("room:general"), [8, 1]);
  assert.deepEqual(newest.get("dm:ann:stranger"), [1, 0]);

  const missed = await stranger.history("room:general", 1, 3);
  assert.deepEqual(
    told(missed),
    [2, 3, 4, 5, 6, 7, 8].map((seq) => [seq, "ann", `line ${seq}`]),
  );
  assert.deepEqual(told(await stranger.history("dm:ann:stranger", 0)), [
    [1, "ann", "are you there?"],
  ]);
});

Deno.test("Stranger that repeats a ULID is stored once", async () => {
  await using server = await startTestServer();
  await using stranger = await signIn(server, "stranger");
  const ulid = "01JD3Z8Q6W0VX5T7N2K9M4RBCE";
  const first = await stranger.say("room:general", "once", ulid);
  const again = await stranger.say("room:general", "once", ulid);
  assert.deepEqual([again.seq, again.at], [first.seq, first.at]);
  assert.equal((await stranger.history("room:general", 0)).length, 1);
});

Deno.test("Stranger that repeats a ULID elsewhere is told where the first message is", async () => {
  await using server = await startTestServer();
  await using stranger = await signIn(server, "stranger");
  assert.equal(
    (await stranger.ask({ type: "join", conversation: "room:tech" })).type,
    "conversation",
  );
  const ulid = "01JD3Z8Q6W0VX5T7N2K9M4RBCE";
  const first = await stranger.say("room:general", "here", ulid);
  await stranger.say("room:general", "and on");
  const again = await stranger.say("room:tech", "there", ulid);
  assert.deepEqual(
    [again.type, again.conversation, again.seq, again.at],
    ["ack", "room:general", 1, first.at],
  );
  assert.equal((await stranger.history("room:tech", 0)).length, 0);
});

Deno.test("Stranger with a name that is too long hears which limit it is over", async () => {
  await using server = await startTestServer();
  await using stranger = await connect(server);
  await stranger.hello();
  const codeOf = async (units: number) => {
    const { code, attempts } = await stranger.login("a".repeat(units), "strange word");
    return [units, code, attempts];
  };
  assert.deepEqual(await codeOf(65), [65, "bad_frame", undefined]);
  assert.deepEqual(await codeOf(64), [64, "bad_name", 2]);
  assert.deepEqual(await codeOf(33), [33, "bad_name", 1]);
  assert.equal((await stranger.login("a".repeat(32), "strange word")).type, "authenticated");
  const users = ["a".repeat(64), "A", ""];
  const resolved = await stranger.ask({ type: "resolve", users });
  assert.deepEqual([resolved.users, resolved.unknown], [[], users]);
});

Deno.test("Stranger that resumes keeps its token and when that expires", async () => {
  await using server = await startTestServer();
  await using first = await connect(server);
  await first.hello();
  const { token, expires } = await first.login("stranger", "strange word");
  await using second = await connect(server);
  await second.hello();
  const resumed = await second.resume(token ?? null);
  assert.deepEqual([resumed.token, resumed.expires, resumed.created], [token, expires, false]);
  await using third = await connect(server);
  await third.hello();
  assert.notEqual((await third.login("stranger", "strange word")).token, token);
});

Deno.test("Stranger signs in with its password however the keyboard composes it", async () => {
  await using server = await startTestServer();
  await using composed = await connect(server);
  await composed.hello();
  assert.equal((await composed.login("stranger", "caf\u00e9")).created, true);
  await using decomposed = await connect(server);
  await decomposed.hello();
  assert.equal((await decomposed.login("stranger", "Cafe\u0301")).code, "bad_credentials");
  assert.equal((await decomposed.login("stranger", " cafe\u0301")).code, "bad_credentials");
  assert.equal((await decomposed.login(" Stranger", "cafe\u0301")).user, "stranger");
});

Deno.test("Stranger is limited by its address, however often it signs in rightly", async () => {
  await using server = await startTestServer({ limits: { logins: { rate: 0.001, burst: 2 } } });
  for (const code of [undefined, undefined, "rate_limited"]) {
    await using stranger = await connect(server);
    await stranger.hello();
    const answer = await stranger.login("stranger", "strange word");
    assert.deepEqual([answer.code, answer.attempts], [code, code && 3]);
  }
});

Deno.test("Stranger that searches for a word with punctuation finds its parts in a row", async () => {
  await using server = await startTestServer();
  await using stranger = await signIn(server, "stranger");
  for (const text of ["an e-mail", "an e mail", "an email", "Café"]) {
    await stranger.say("room:general", text);
  }
  const found = async (words: string) =>
    told((await stranger.request({ type: "search", words, limit: 10 })).slice(0, -1))
      .map(([, , text]) => text);
  assert.deepEqual(await found("e-mail"), ["an e mail", "an e-mail"]);
  assert.deepEqual([await found("caf"), await found("cafe")], [[], ["Café"]]);
});

Deno.test("Stranger that offers versions 1 and 99 gets 1; with 99 alone it hears why not", async () => {
  await using server = await startTestServer();
  await using modern = await connect(server);
  assert.equal((await modern.hello([1, 99])).version, 1);
  await using future = await connect(server);
  const error = await future.hello([99]);
  assert.deepEqual([error.code, error.versions], ["no_common_version", [1]]);
  assert.match(String(error.message), /\[99\].*\[1\]/);
  assert.equal((await future.untilClosed()).code, 0x104);
});

Deno.test("Stranger signs out, and its token is worth nothing", async () => {
  await using server = await startTestServer();
  await using first = await connect(server);
  await first.hello();
  const { token } = await first.login("stranger", "strange word");
  const bye = await first.ask({ type: "logout" });
  assert.deepEqual([bye.type, bye.code], ["bye", "logout"]);
  assert.equal((await first.untilClosed()).code, 0x100);
  await using second = await connect(server);
  await second.hello();
  assert.equal((await second.resume(token ?? null)).code, "bad_token");
  assert.equal((await second.login("stranger", "strange word")).type, "authenticated");
});

Deno.test("Stranger hears bye when the server goes down", async () => {
  await using server = await startTestServer();
  await using stranger = await signIn(server, "stranger");
  const stopped = server.stop();
  assert.equal((await stranger.next("bye")).code, "draining");
  assert.equal((await stranger.untilClosed()).code, 0x10b);
  await stopped;
});

Deno.test("Stranger does not connect to a server that shows another certificate", async () => {
  await using server = await startTestServer();
  const { hostname, port } = server.address;
  const pin = `SHA256:${"A".repeat(43)}`;
  await assert.rejects(Stranger.connect({ hostname, port, pin }));
});
