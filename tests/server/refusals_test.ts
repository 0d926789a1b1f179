/**
 * A real server says each error that docs/protocol.md lists for a request. (That it says no others
 * is held by every test that uses `TestPeer`.)
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { ServerFrame } from "../../protocol/frame.ts";
import { LIMITS, LOGIN_ATTEMPTS } from "../../protocol/limits.ts";
import type { RequestFields } from "../../protocol/session/client.ts";
import type { RequestType } from "../../protocol/session/rules.ts";
import { openBesideServer } from "../../server/store/sqlite.ts";
import { download, fileOf, FileStream, hashOf, upload, uploadOf } from "../helpers/files.ts";
import { ulidOf } from "../helpers/messages.ts";
import { TestPeer } from "../helpers/peer.ts";
import { REFUSALS } from "../helpers/refusals.ts";
import { CHEAP_PASSWORDS, startTestServer, type TestServer } from "../helpers/server.ts";

/** A request, and the code of the error that it has to get. */
type Case = readonly [fields: RequestFields, code: ErrorCode];

const CREW = "group:crew";
const text = (body: string) => ({ kind: "text", body });
const send = (conversation: string, body = "hi", ulid = ulidOf(1)): RequestFields => ({
  type: "send",
  ulid,
  conversation,
  content: text(body),
});

/** What has been seen: `login bad_name`, …. */
const seen = new Set<string>();

function see(type: RequestType, frame: ServerFrame | undefined, code: ErrorCode): void {
  assert.equal(frame?.type === "error" ? frame.code : frame?.type, code, type);
  seen.add(`${type} ${code}`);
}

async function seeAll(peer: TestPeer, ...cases: readonly Case[]): Promise<void> {
  for (const [fields, code] of cases) see(fields.type, await peer.ask(fields), code);
}

async function greet(server: TestServer): Promise<TestPeer> {
  const peer = await TestPeer.connect(server);
  await peer.hello();
  return peer;
}

Deno.test("The errors of each request are those that docs/protocol.md lists", async (test) => {
  await test.step("hello, login and resume", seeSignIns);
  await test.step("login where nobody can register, nor many sign in", seeClosedRegistration);
  await test.step("resume where the account has as many sessions as it may", seeTooManySessions);
  await test.step("login where it takes an invitation", seeInvitationOnly);
  await test.step("what is said and asked in a conversation", seeMessages);
  await test.step("rooms, groups and invitations", seeRoomsAndGroups);
  await test.step("files", seeFiles);
  await test.step("files on a disk that is full", seeFullDisk);

  const listed = Object.entries(REFUSALS).flatMap(([type, reasons]) =>
    Object.keys(reasons).map((code) => `${type} ${code}`)
  );
  assert.deepEqual([...seen].toSorted(), listed.toSorted());
});

async function seeSignIns(): Promise<void> {
  await using server = await startTestServer();
  {
    await using stranger = await TestPeer.connect(server);
    const id = stranger.nextId();
    await stranger.write({ type: "hello", id, versions: [99], features: [], client: "test" });
    see("hello", await stranger.next("error"), "no_common_version");
  }
  await using ann = await TestPeer.signIn(server, "ann");
  assert.equal(ann.received.at(0)?.type, "welcome");
  await using peer = await greet(server);
  await seeAll(
    peer,
    [{ type: "resume", token: "none" }, "bad_token"],
    [{ type: "login", user: "9", password: "secret" }, "bad_name"],
    [{ type: "login", user: "ann", password: "secret", intent: "register" }, "name_taken"],
    [{ type: "login", user: "ann", password: "wrong" }, "too_many_attempts"],
  );
  assert.equal(LOGIN_ATTEMPTS, 3);
  await using other = await greet(server);
  await seeAll(other, [{ type: "login", user: "ann", password: "wrong" }, "bad_credentials"]);
}

async function seeClosedRegistration(): Promise<void> {
  await using server = await startTestServer({
    registration: "closed",
    limits: { logins: { rate: 0.001, burst: 2 } },
    start: { passwords: { ...CHEAP_PASSWORDS, maxQueued: 0 } },
  });
  await using peer = await greet(server);
  const login = { type: "login", user: "ann", password: "secret" } as const;
  await seeAll(
    peer,
    [{ ...login, intent: "register" }, "registration_closed"],
    [login, "busy"],
    [login, "rate_limited"],
  );
}

async function seeTooManySessions(): Promise<void> {
  await using server = await startTestServer({ limits: { sessions: 1 } });
  await using first = await greet(server);
  const { token } = await first.login("ann");
  await using second = await greet(server);
  await seeAll(second, [{ type: "resume", token }, "busy"]);
}

async function seeInvitationOnly(): Promise<void> {
  await using server = await startTestServer({ registration: "invite" });
  await using peer = await greet(server);
  await seeAll(peer, [
    { type: "login", user: "ann", password: "secret", intent: "register" },
    "bad_code",
  ]);
}

async function seeMessages(): Promise<void> {
  await using server = await startTestServer({ limits: { uncommitted: 600 } });
  await using ann = await TestPeer.signIn(server, "ann");
  await using bob = await TestPeer.signIn(server, "bob");
  await seeAll(
    ann,
    [send("room:general", " "), "empty_message"],
    [send("room:general", "x".repeat(LIMITS.text + 1)), "message_too_large"],
    [send("room:tech"), "not_a_member"],
    [send(CREW), "unknown_conversation"],
    [send("dm:ann:zoe"), "unknown_user"],
  );
  // More than the server lets wait to be stored.
  await seeAll(ann, [send("room:general", "x".repeat(100)), "busy"]);

  assert.equal((await bob.ask({ type: "status", status: "dnd" })).type, "done");
  assert.equal((await ann.ask(send("dm:ann:bob"))).type, "ack");
  for (
    const [conversation, code] of [
      ["room:tech", "not_a_member"],
      [CREW, "unknown_conversation"],
      ["dm:bob:zoe", "unknown_user"],
      ["dm:ann:bob", "held"],
    ] as const
  ) see("history", (await bob.history(conversation)).at(-1), code);
  const search = { type: "search", words: "!!", limit: 1 } as const;
  see("search", (await bob.fetch(search)).at(-1), "bad_search");
  const five = Array.from({ length: 5 }, () => bob.fetch({ ...search, words: "words" }));
  const last = (await Promise.all(five)).map((frames) => frames.at(-1));
  see("search", last.find((frame) => frame?.type === "error"), "busy");
}

async function seeRoomsAndGroups(): Promise<void> {
  await using server = await startTestServer({
    limits: { rooms: 6, newRooms: { rate: 0.001, burst: 1 } },
  });
  await using ann = await TestPeer.signIn(server, "ann");
  await using bob = await TestPeer.signIn(server, "bob");
  await using eve = await TestPeer.signIn(server, "eve");
  await ann.ask({ type: "create", conversation: CREW, members: ["bob"] });
  await ann.ask({ type: "create", conversation: "room:first" });
  {
    // As many as there may be, without asking for each.
    await using store = openBesideServer(join(server.data, "sotto.db"));
    const many = Array.from({ length: LIMITS.joined }, (_, index) => `group:g${index}`);
    const place = { topic: "", creator: undefined };
    await Promise.all(
      many.flatMap((conversation) => [
        store.rooms.create({ conversation, ...place }, ["eve"]),
        store.rooms.create({ ...place, conversation: `${conversation}-own`, creator: "eve" }, [
          "eve",
        ]),
      ]),
    );
    await store.accounts.setAdmin("bob", true);
    const invite = { uses: 1, madeAt: Date.now(), expiresAt: Date.now() + 1e7, by: undefined };
    const hashes = Array.from(
      { length: LIMITS.invites },
      (_, index) => Uint8Array.of(index, index >> 8),
    );
    await Promise.all(hashes.map((hash) => store.invitations.create({ hash, ...invite })));
  }
  await seeAll(
    ann,
    [{ type: "members", conversation: "room:nowhere" }, "unknown_conversation"],
    [{ type: "create", conversation: "room:all" }, "bad_name"],
    [{ type: "create", conversation: "room:new", topic: "a\nb" }, "bad_topic"],
    [{ type: "create", conversation: "room:new", members: ["bob"] }, "not_allowed"],
    [{ type: "create", conversation: "group:new", members: ["zoe"] }, "unknown_user"],
    [{ type: "create", conversation: CREW }, "name_taken"],
    [{ type: "create", conversation: "room:second" }, "rate_limited"],
    [{ type: "create", conversation: "group:new", members: ["eve"] }, "quota_exceeded"],
    [{ type: "join", conversation: "room:nowhere" }, "unknown_conversation"],
    [{ type: "leave", conversation: "room:tech" }, "not_a_member"],
    [{ type: "leave", conversation: "group:none" }, "unknown_conversation"],
    [{ type: "topic", conversation: "room:tech", topic: "" }, "not_a_member"],
    [{ type: "topic", conversation: "group:none", topic: "" }, "unknown_conversation"],
    [{ type: "topic", conversation: CREW, topic: "a\nb" }, "bad_topic"],
    [{ type: "add", conversation: "group:none", users: ["bob"] }, "unknown_conversation"],
    [{ type: "add", conversation: CREW, users: ["zoe"] }, "unknown_user"],
    [{ type: "add", conversation: CREW, users: ["eve"] }, "quota_exceeded"],
    [{ type: "remove", conversation: "group:none", users: ["bob"] }, "unknown_conversation"],
    [{ type: "remove", conversation: CREW, users: ["ann"] }, "not_allowed"],
    [{ type: "remove", conversation: CREW, users: ["eve"] }, "not_a_member"],
    [{ type: "delete", conversation: "group:none" }, "unknown_conversation"],
    [{ type: "invite" }, "not_allowed"],
  );
  await seeAll(
    bob,
    [{ type: "add", conversation: CREW, users: ["eve"] }, "not_allowed"],
    [{ type: "remove", conversation: CREW, users: ["ann"] }, "not_allowed"],
    [{ type: "delete", conversation: CREW }, "not_allowed"],
    [{ type: "invite" }, "quota_exceeded"],
  );
  await seeAll(eve, [{ type: "join", conversation: "room:tech" }, "quota_exceeded"]);
}

async function seeFiles(): Promise<void> {
  await using server = await startTestServer({
    maxFile: "1K",
    quota: "1500",
    limits: { transfers: 1 },
  });
  await using ann = await TestPeer.signIn(server, "ann");
  const uploads = [
    [fileOf(1, 1_025), "file_too_large"],
    [fileOf(1, 1, "room:tech"), "not_a_member"],
    [fileOf(1, 1, CREW), "unknown_conversation"],
    [fileOf(1, 1, "dm:ann:zoe"), "unknown_user"],
    [{ ...fileOf(1, 10), hash: hashOf(new Uint8Array()) }, "damaged_file"],
  ] as const;
  for (const [file, code] of uploads) {
    assert.match(await upload(ann, file), new RegExp(`${code}$`));
    seen.add(`upload ${code}`);
  }
  assert.equal(await upload(ann, fileOf(2, 1_000)), "0, stored");
  assert.equal(await upload(ann, fileOf(2, 999)), "other_file");
  assert.equal(await upload(ann, fileOf(3, 1_000)), "quota_exceeded");
  assert.equal((await download(ann, ulidOf(9)))[0], "no_such_file");
  {
    await using stream = await FileStream.open(ann);
    await stream.write(uploadOf(fileOf(4, 100)));
    await stream.ready();
    assert.equal(await upload(ann, fileOf(5, 1)), "busy");
    assert.equal((await download(ann, ulidOf(2)))[0], "busy");
    await stream.stream.end();
    see("upload", await stream.next(), "unfinished_file");
  }
  for (const code of ["other_file", "quota_exceeded", "busy"]) seen.add(`upload ${code}`);
  for (const code of ["no_such_file", "busy"]) seen.add(`download ${code}`);
}

async function seeFullDisk(): Promise<void> {
  await using server = await startTestServer({ limits: { spare: Number.MAX_SAFE_INTEGER } });
  await using ann = await TestPeer.signIn(server, "ann");
  assert.equal(await upload(ann, fileOf(1, 1)), "disk_full");
  seen.add("upload disk_full");
}
