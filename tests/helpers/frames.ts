/**
 * Arbitrary valid frames of every type, for property tests. fast-check makes objects without a
 * prototype: `structuredClone` before comparing them with decoded ones.
 */
import fc from "fast-check";
import type {
  ClientFrame,
  ClientFrames,
  Content,
  ServerFrame,
  ServerFrames,
} from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { dmOf } from "../../protocol/names.ts";

type Table<Frames> = { readonly [Type in keyof Frames]: fc.Arbitrary<Frames[Type]> };

/** Any Unicode text of at most `maxLength` UTF-16 units. */
function text(maxLength: number, minLength = 0): fc.Arbitrary<string> {
  return fc.string({ unit: "binary", minLength, maxLength })
    .map((string) => string.slice(0, maxLength).toWellFormed())
    // docs/protocol.md, "MessagePack": U+FEFF in front of a string may be dropped.
    .filter((string) => !string.startsWith("\ufeff") && string.length >= minLength);
}

const uint = fc.maxSafeNat();
const id = fc.nat(0xffff_ffff);
const label = text(LIMITS.label);
const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,31}$/);
const ulid = fc.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
const token = text(LIMITS.token);
const conversation = fc.oneof(
  name.map((room) => `room:${room}`),
  name.map((group) => `group:${group}`),
  fc.tuple(name, name).filter(([one, other]) => one !== other).map(([a, b]) => dmOf(a, b)),
);
const content: fc.Arbitrary<Content> = fc.record({
  kind: text(16, 1),
  body: fc.oneof(text(500), fc.uint8Array({ maxLength: 500 })),
});
const status = fc.constantFrom("normal", "dnd", "away", "offline");
const versions = fc.array(uint, { minLength: 1, maxLength: LIMITS.versions });
const features = fc.array(label, { maxLength: LIMITS.features });
const user = fc.record({ number: uint, name, status });
const state = fc.record({ conversation, seq: uint, mark: uint });

function of<const Type extends string>(type: Type): fc.Arbitrary<Type> {
  return fc.constant(type);
}

export const CLIENT_ARBITRARIES: Table<ClientFrames> = {
  hello: fc.record({ type: of("hello"), id, versions, features, client: label }),
  login: fc.record(
    {
      type: of("login"),
      id,
      user: label,
      // Limited in bytes, unlike the other texts.
      password: text(LIMITS.password / 4, 1),
      intent: fc.constantFrom("any", "login", "register"),
    },
    { requiredKeys: ["type", "id", "user", "password"] },
  ),
  resume: fc.record({ type: of("resume"), id, token }),
  send: fc.record({ type: of("send"), id, ulid, conversation, content }),
  history: fc.record({
    type: of("history"),
    id,
    conversation,
    after: uint,
    limit: fc.integer({ min: 1, max: LIMITS.page }),
  }),
  sync: fc.record({ type: of("sync"), id }),
  mark: fc.record({ type: of("mark"), conversation, seq: uint }),
  who: fc.record({ type: of("who"), id }),
  ping: fc.record({ type: of("ping"), id }),
  logout: fc.record({ type: of("logout"), id }),
};

export const SERVER_ARBITRARIES: Table<ServerFrames> = {
  welcome: fc.record({ type: of("welcome"), re: id, version: uint, features, server: label }),
  authenticated: fc.record({
    type: of("authenticated"),
    re: id,
    user: name,
    number: uint,
    token,
    expires: uint,
    created: fc.boolean(),
  }),
  ack: fc.record({ type: of("ack"), re: id, ulid, conversation, seq: uint, at: uint }),
  message: fc.record({
    type: of("message"),
    conversation,
    seq: uint,
    ulid,
    from: name,
    at: uint,
    content,
  }),
  end: fc.record({ type: of("end"), re: id, more: fc.boolean() }),
  conversations: fc.record(
    {
      type: of("conversations"),
      re: id,
      conversations: fc.array(state, { maxLength: 20 }),
      more: fc.boolean(),
    },
    { requiredKeys: ["type", "conversations", "more"] },
  ),
  users: fc.record(
    {
      type: of("users"),
      re: id,
      users: fc.array(user, { maxLength: 20 }),
      more: fc.boolean(),
    },
    { requiredKeys: ["type", "users", "more"] },
  ),
  presence: fc.record({ type: of("presence"), user: name, number: uint, status }),
  notice: fc.record(
    { type: of("notice"), re: id, code: label, text: text(500) },
    { requiredKeys: ["type", "code", "text"] },
  ),
  error: fc.record(
    {
      type: of("error"),
      re: id,
      code: label,
      message: text(500),
      attempts: uint,
      versions,
    },
    { requiredKeys: ["type", "code", "message"] },
  ),
  resync: fc.record({ type: of("resync") }),
  pong: fc.record({ type: of("pong"), re: id }),
  bye: fc.record(
    { type: of("bye"), re: id, code: label, message: text(500) },
    { requiredKeys: ["type", "code", "message"] },
  ),
};

export const anyClientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  ...Object.values(CLIENT_ARBITRARIES),
);
export const anyServerFrame: fc.Arbitrary<ServerFrame> = fc.oneof(
  ...Object.values(SERVER_ARBITRARIES),
);
