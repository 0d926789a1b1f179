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
import { LIMITS, TIMES } from "../../protocol/limits.ts";
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
  name.map((name) => `room:${name}`),
  name.map((name) => `group:${name}`),
  fc.tuple(name, name).filter(([one, other]) => one !== other).map(([a, b]) => dmOf(a, b)),
);
const content: fc.Arbitrary<Content> = fc.record({
  kind: fc.stringMatching(/^[a-z0-9_-]{1,16}$/),
  body: fc.oneof(text(500), fc.uint8Array({ maxLength: 500 })),
});
const status = fc.constantFrom("normal", "dnd", "away", "offline");
const versions = fc.array(uint, { minLength: 1, maxLength: LIMITS.versions });
const features = fc.array(label, { maxLength: LIMITS.features });
const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const user = fc.record({ number, name, status });
const state = fc.record({ conversation, seq: uint, mark: uint, unread: uint });
const room = name.map((room) => `room:${room}`);
const group = name.map((group) => `group:${group}`);
const place = fc.oneof(room, group);
const someone = fc.oneof(label, uint);
const topic = text(100);
const names = fc.array(label, { minLength: 1, maxLength: LIMITS.named });

function of<const Type extends string>(type: Type): fc.Arbitrary<Type> {
  return fc.constant(type);
}

const hash = fc.uint8Array({ minLength: LIMITS.hash, maxLength: LIMITS.hash });
const chunk = fc.record({
  type: of("chunk"),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 500 }),
});

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
      code: label,
    },
    { requiredKeys: ["type", "id", "user", "password"] },
  ),
  resume: fc.record({ type: of("resume"), id, token }),
  send: fc.record({ type: of("send"), id, ulid, conversation, content }),
  history: fc.record(
    {
      type: of("history"),
      id,
      conversation,
      after: uint,
      before: uint,
      limit: fc.integer({ min: 1, max: LIMITS.page }),
    },
    { requiredKeys: ["type", "id", "conversation", "limit"] },
  ),
  search: fc.record({
    type: of("search"),
    id,
    words: text(LIMITS.search),
    limit: fc.integer({ min: 1, max: LIMITS.found }),
  }),
  upload: fc.record({ type: of("upload"), id, file: ulid, conversation, size: uint, hash }),
  download: fc.record({ type: of("download"), id, file: ulid, offset: uint }),
  chunk,
  sync: fc.record({ type: of("sync"), id }),
  mark: fc.record({ type: of("mark"), conversation, seq: uint }),
  who: fc.record({ type: of("who"), id }),
  resolve: fc.record({
    type: of("resolve"),
    id,
    users: fc.array(someone, { minLength: 1, maxLength: LIMITS.named }),
  }),
  status: fc.record({
    type: of("status"),
    id,
    status: fc.constantFrom("normal", "dnd", "away"),
  }),
  list: fc.record({ type: of("list"), id, kind: fc.constantFrom("rooms", "groups") }),
  members: fc.record({ type: of("members"), id, conversation: place }),
  create: fc.record(
    {
      type: of("create"),
      id,
      conversation: place,
      topic,
      members: fc.array(label, { maxLength: LIMITS.named }),
    },
    { requiredKeys: ["type", "id", "conversation"] },
  ),
  join: fc.record({ type: of("join"), id, conversation: room }),
  leave: fc.record({ type: of("leave"), id, conversation: place }),
  topic: fc.record({ type: of("topic"), id, conversation: place, topic }),
  add: fc.record({ type: of("add"), id, conversation: group, users: names }),
  remove: fc.record({ type: of("remove"), id, conversation: group, users: names }),
  delete: fc.record({ type: of("delete"), id, conversation: group }),
  ping: fc.record({ type: of("ping"), id }),
  invite: fc.record(
    {
      type: of("invite"),
      id,
      uses: fc.integer({ min: 1, max: LIMITS.inviteUses }),
      lifetime: fc.integer({ min: 1, max: TIMES.invite }),
    },
    { requiredKeys: ["type", "id"] },
  ),
  logout: fc.record({ type: of("logout"), id }),
};

export const SERVER_ARBITRARIES: Table<ServerFrames> = {
  welcome: fc.record({ type: of("welcome"), re: id, version: uint, features, server: label }),
  authenticated: fc.record({
    type: of("authenticated"),
    re: id,
    user: name,
    number,
    token,
    expires: uint,
    created: fc.boolean(),
  }),
  ack: fc.record({ type: of("ack"), re: id, ulid, conversation, seq: number, at: uint }),
  message: fc.record({
    type: of("message"),
    conversation,
    seq: number,
    ulid,
    from: name,
    at: uint,
    content,
  }),
  ready: fc.record({ type: of("ready"), re: id, offset: uint }),
  stored: fc.record({ type: of("stored"), re: id }),
  chunk,
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
  conversation: fc.record(
    { type: of("conversation"), re: id, conversation, seq: uint, mark: uint, unread: uint },
    { requiredKeys: ["type", "conversation", "seq", "mark", "unread"] },
  ),
  marked: fc.record({ type: of("marked"), conversation, seq: uint }),
  done: fc.record(
    { type: of("done"), re: id, users: fc.array(name, { maxLength: 3 }) },
    { requiredKeys: ["type", "re"] },
  ),
  resolved: fc.record({
    type: of("resolved"),
    re: id,
    users: fc.array(user, { maxLength: 20 }),
    unknown: fc.array(someone, { maxLength: 20 }),
  }),
  listed: fc.record({
    type: of("listed"),
    re: id,
    conversations: fc.array(
      fc.record(
        { conversation: place, people: uint, topic, member: fc.boolean(), creator: name },
        { requiredKeys: ["conversation", "people", "topic", "member"] },
      ),
      { maxLength: 20 },
    ),
    more: fc.boolean(),
  }),
  membership: fc.record(
    {
      type: of("membership"),
      re: id,
      conversation: place,
      creator: name,
      users: fc.array(user, { maxLength: 20 }),
      more: fc.boolean(),
    },
    { requiredKeys: ["type", "re", "conversation", "users", "more"] },
  ),
  changed: fc.record(
    {
      type: of("changed"),
      conversation: place,
      change: fc.constantFrom(
        "created",
        "joined",
        "left",
        "added",
        "removed",
        "deleted",
        "topic",
      ),
      by: name,
      users: fc.array(name, { maxLength: LIMITS.named }),
      topic,
    },
    { requiredKeys: ["type", "conversation", "change", "by"] },
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
  presence: fc.record({ type: of("presence"), user: name, number, status }),
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
  invited: fc.record({
    type: of("invited"),
    re: id,
    code: fc.stringMatching(/^[\w-]{1,64}$/),
    uses: number,
    expires: uint,
  }),
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
