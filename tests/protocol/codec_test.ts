import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFrame, parseClientFrame, parseServerFrame } from "../../protocol/codec.ts";
import { type ErrorCode, ProtocolError } from "../../protocol/errors.ts";
import { CLIENT_FRAMES, type Frame, SERVER_FRAMES } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { CLIENT_ARBITRARIES, SERVER_ARBITRARIES } from "../helpers/frames.ts";
import { fromHex, toHex } from "../helpers/hex.ts";
import { decode, encode, type ValueMap } from "../helpers/independent_msgpack.ts";
import { VECTORS } from "../helpers/vectors.ts";

const PING = { type: "ping", id: 7 } as const;

function refusal(body: Uint8Array): ProtocolError {
  try {
    parseClientFrame(body);
  } catch (error) {
    assert.ok(error instanceof ProtocolError, `threw ${error}`);
    return error;
  }
  throw new assert.AssertionError({ message: "was taken" });
}

function refused(map: ValueMap, code: ErrorCode, field?: string): void {
  const error = refusal(encode(map));
  assert.equal(error.code, code);
  if (field !== undefined) assert.ok(error.message.includes(`field ${field} of`), error.message);
}

Deno.test("encodeFrame writes every golden frame as it stands in frames.json", () => {
  for (const { frame, hex } of VECTORS) assert.equal(toHex(encodeFrame(frame)), hex);
});

Deno.test("parseClientFrame and parseServerFrame read every golden frame", () => {
  for (const { from, frame, hex } of VECTORS) {
    const body = fromHex(hex).subarray(4);
    assert.deepEqual(from === "client" ? parseClientFrame(body) : parseServerFrame(body), frame);
  }
});

Deno.test("frames.json is MessagePack to an independent decoder and encoder", () => {
  for (const { frame, hex } of VECTORS) {
    const bytes = fromHex(hex);
    assert.equal(new DataView(bytes.buffer).getUint32(0), bytes.length - 4);
    const map = decode(bytes.subarray(4));
    assert.deepEqual(map, frame);
    assert.equal(toHex(encode(map)), hex.slice(8));
  }
});

Deno.test("frames.json has a frame of every type", () => {
  const types = (from: string) =>
    new Set(VECTORS.filter((row) => row.from === from).map((row) => row.frame.type));
  assert.deepEqual([...types("client")].sort(), Object.keys(CLIENT_FRAMES).sort());
  assert.deepEqual([...types("server")].sort(), Object.keys(SERVER_FRAMES).sort());
});

for (const [type, arbitrary] of Object.entries(CLIENT_ARBITRARIES)) {
  Deno.test(`parseClientFrame reads every ${type} that encodeFrame writes`, () => {
    fc.assert(fc.property<[Frame]>(arbitrary, (frame) => {
      assert.deepEqual(parseClientFrame(encodeFrame(frame).subarray(4)), structuredClone(frame));
    }));
  });
}

for (const [type, arbitrary] of Object.entries(SERVER_ARBITRARIES)) {
  Deno.test(`parseServerFrame reads every ${type} that encodeFrame writes`, () => {
    fc.assert(fc.property<[Frame]>(arbitrary, (frame) => {
      assert.deepEqual(parseServerFrame(encodeFrame(frame).subarray(4)), structuredClone(frame));
    }));
  });
}

Deno.test("encodeFrame leaves out fields that are undefined", () => {
  const frame = { type: "resync", re: undefined } as const;
  assert.deepEqual(decode(encodeFrame(frame).subarray(4)), { type: "resync" });
});

Deno.test("encodeFrame repairs lone surrogates, in short texts and long ones", () => {
  for (const filler of ["", "x".repeat(300)]) {
    const frame = { type: "notice", code: "x", text: `${filler}\ud83d` } as const;
    const parsed = parseServerFrame(encodeFrame(frame).subarray(4));
    assert.equal(parsed.type === "notice" && parsed.text, `${filler}\ufffd`);
  }
});

Deno.test("encodeFrame refuses a frame over the limit", () => {
  const frame = { type: "notice", code: "x", text: "x".repeat(LIMITS.frame) } as const;
  assert.throws(() => encodeFrame(frame), RangeError);
});

Deno.test("encodeFrame returns arrays that later frames do not change", () => {
  const first = encodeFrame(PING);
  const before = toHex(first);
  encodeFrame({ type: "logout", id: 8 });
  assert.equal(toHex(first), before);
});

Deno.test("parseServerFrame copies bytes out of the body", () => {
  const [vector] = VECTORS.filter(({ frame }) =>
    frame.type === "message" && typeof frame.content.body !== "string"
  );
  assert.ok(vector);
  const body = fromHex(vector.hex).subarray(4);
  const frame = parseServerFrame(body);
  body.fill(0);
  assert.deepEqual(frame, vector.frame);
});

Deno.test("parseServerFrame refuses names that are no names, numbers that are 0, and odd codes", () => {
  const user = { number: 1, name: "bob", status: "normal" };
  const users = (other: ValueMap) => ({ type: "users", users: [other], more: false });
  const invited = { type: "invited", re: 1, code: "aZ9_-", uses: 1, expires: 0 };
  const [ulid, conversation] = ["01JD3Z8Q6W0VX5T7N2K9M4RBCE", "room:den"];
  const content = { kind: "text", body: "hi" };
  const message = { type: "message", conversation, seq: 1, ulid, from: "bob", at: 0, content };
  for (const frame of [users(user), invited, message]) parseServerFrame(encode(frame));
  const wrong: ValueMap[] = [
    users({ ...user, number: 0 }),
    ...["", "Bob", "bob ", "\u001b[2J", "b".repeat(33)].map((name) => users({ ...user, name })),
    { type: "changed", conversation: "room:den", change: "added", by: "bob", users: ["a b"] },
    // A client shows the code within a command for a shell.
    { ...invited, code: "'; reboot '" },
    { ...invited, code: "" },
    { ...invited, uses: 0 },
    { ...message, seq: 0 },
    { type: "ack", re: 1, ulid, conversation, seq: 0, at: 0 },
  ];
  for (const frame of wrong) {
    const isRefused = (error: unknown) =>
      error instanceof ProtocolError && error.code === "bad_frame";
    assert.throws(() => parseServerFrame(encode(frame)), isRefused, JSON.stringify(frame));
  }
});

Deno.test("parseClientFrame ignores fields that it does not know", () => {
  assert.deepEqual(parseClientFrame(encode({ ...PING, later: { deep: [1, null, 2.5] } })), PING);
});

Deno.test("parseClientFrame takes an integer that was encoded in a wider form", () => {
  for (const hex of ["cc07", "cd0007", "ce00000007", "cf0000000000000007", "cb401c000000000000"]) {
    const body = fromHex(`82 a474797065 a470696e67 a26964 ${hex}`);
    assert.deepEqual(parseClientFrame(body), PING);
  }
});

Deno.test("parseClientFrame refuses what is not a well-formed map", () => {
  for (const hex of ["", "c0", "93010203", "81a161", "82a16101a16102"]) {
    assert.equal(refusal(fromHex(hex)).code, "frame_malformed");
  }
});

Deno.test("parseClientFrame refuses types that it does not know, inherited names among them", () => {
  for (const type of ["", "nonsense", "constructor", "toString", "hasOwnProperty", "welcome"]) {
    refused({ type, id: 1 }, "unknown_type");
  }
});

Deno.test("parseClientFrame refuses a frame without a type as bad_frame", () => {
  refused({}, "bad_frame");
  refused({ type: 1 }, "bad_frame");
  refused({ type: null, id: 3 }, "bad_frame");
});

Deno.test("parseClientFrame names the field that is missing or wrong", () => {
  refused({ type: "ping" }, "bad_frame", "id");
  for (const id of [-1, 1.5, "1", null, true, 2 ** 32, [1], NaN]) {
    refused({ type: "ping", id }, "bad_frame", "id");
  }
  const send = {
    type: "send",
    id: 1,
    ulid: "01JD3Z8Q6W0VX5T7N2K9M4RBCE",
    conversation: "room:general",
    content: { kind: "text", body: "x" },
  };
  assert.equal(parseClientFrame(encode(send)).type, "send");
  refused({ ...send, ulid: send.ulid.toLowerCase() }, "bad_frame", "ulid");
  refused({ ...send, ulid: "81JD3Z8Q6W0VX5T7N2K9M4RBCE" }, "bad_frame", "ulid");
  refused({ ...send, conversation: "general" }, "bad_frame", "conversation");
  refused({ ...send, conversation: "dm:bob:alice" }, "bad_frame", "conversation");
  refused({ ...send, conversation: `room:${"x".repeat(33)}` }, "bad_frame", "conversation");
  refused({ ...send, content: "x" }, "bad_frame", "content");
  for (const kind of ["", "x".repeat(17), "\0", "a\0b", "Text", "a b", "é", "text\n"]) {
    refused({ ...send, content: { kind, body: "x" } }, "bad_frame", "content.kind");
  }
  refused({ ...send, content: { kind: "text", body: 1 } }, "bad_frame", "content.body");
  refused({ ...send, content: { kind: "text" } }, "bad_frame", "content.body");
  const hello = { type: "hello", id: 1, versions: [1], features: [], client: "x" };
  refused({ ...hello, versions: [] }, "bad_frame", "versions");
  refused({ ...hello, versions: ["1"] }, "bad_frame", "versions.0");
  refused({ ...hello, versions: Array(33).fill(1) }, "bad_frame", "versions");
  refused({ ...hello, features: Array(33).fill("x") }, "bad_frame", "features");
  refused({ ...hello, client: "x".repeat(65) }, "bad_frame", "client");
  const login = { type: "login", id: 1, user: "ann", password: "x" };
  refused({ ...login, password: "" }, "bad_frame", "password");
  refused({ ...login, password: "ä".repeat(513) }, "bad_frame", "password");
  refused({ ...login, intent: "guess" }, "bad_frame", "intent");
  refused({ type: "resume", id: 1, token: "x".repeat(2049) }, "bad_frame", "token");
  const history = { type: "history", id: 1, conversation: "room:general", after: 0, limit: 1 };
  refused({ ...history, limit: 0 }, "bad_frame", "limit");
  refused({ ...history, limit: 501 }, "bad_frame", "limit");
  refused({ ...history, after: 2 ** 53 }, "bad_frame", "after");
  refused({ ...history, before: -1 }, "bad_frame", "before");
  refused({ type: "search", id: 1, words: "x", limit: 101 }, "bad_frame", "limit");
  refused({ type: "search", id: 1, limit: 1 }, "bad_frame", "words");
  refused({ type: "resolve", id: 1, users: [] }, "bad_frame", "users");
  refused({ type: "resolve", id: 1, users: Array(65).fill("x") }, "bad_frame", "users");
  refused({ type: "resolve", id: 1, users: ["x", null] }, "bad_frame", "users.1");
  refused({ type: "status", id: 1, status: "offline" }, "bad_frame", "status");
  refused({ type: "list", id: 1, kind: "people" }, "bad_frame", "kind");
  for (const type of ["create", "leave", "members", "topic"]) {
    refused({ type, id: 1, conversation: "dm:ann:bob", topic: "" }, "bad_frame", "conversation");
  }
  refused({ type: "join", id: 1, conversation: "group:crew" }, "bad_frame", "conversation");
  refused({ type: "delete", id: 1, conversation: "dm:ann:bob" }, "bad_frame", "conversation");
  for (const type of ["add", "remove"]) {
    const users = ["x"];
    refused({ type, id: 1, conversation: "room:tech", users }, "bad_frame", "conversation");
  }
  refused({ type: "add", id: 1, conversation: "group:crew", users: [] }, "bad_frame", "users");
  refused({ type: "topic", id: 1, conversation: "room:tech" }, "bad_frame", "topic");
  const create = { type: "create", id: 1, conversation: "group:crew" };
  refused({ ...create, members: Array(65).fill("x") }, "bad_frame", "members");
  refused({ ...create, members: "bob" }, "bad_frame", "members");
});

Deno.test("ProtocolError.re is the id of the frame at fault, where that is one", () => {
  assert.equal(refusal(encode({ type: "nonsense", id: 9 })).re, 9);
  assert.equal(refusal(encode({ type: "send", id: 10 })).re, 10);
  assert.equal(refusal(encode({ id: 11 })).re, 11);
  assert.equal(refusal(encode({ type: "ping", id: -1 })).re, undefined);
  assert.equal(refusal(encode({ type: "ping", id: "x" })).re, undefined);
});

Deno.test("ProtocolError never repeats what was received", () => {
  const word = "xyzzy-secret";
  for (
    const map of [
      { type: word },
      { type: "login", id: 1, user: "ann", password: word, intent: word },
      { type: "hello", id: 1, versions: [word], features: [word], client: word },
      { type: "mark", conversation: word, seq: word },
    ]
  ) {
    assert.ok(!refusal(encode(map)).message.includes(word));
  }
});
