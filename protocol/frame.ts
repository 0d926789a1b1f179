/**
 * The schemas of all frames. `codec.ts` and `decoder.ts` encode and decode them, and
 * `session/rules.ts` says when each is allowed.
 *
 * Requests have `id`, and their answers have `re`. A message has a ULID made by its sender: sending
 * it twice stores it once. Unknown fields are ignored.
 */
import * as v from "valibot";
import { LIMITS, TIMES } from "./limits.ts";
import { isName, isUlid, parseConversation } from "./names.ts";

const uint = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const id = v.pipe(uint, v.maxValue(0xffff_ffff));
const positive = v.pipe(uint, v.minValue(1));
const label = v.pipe(v.string(), v.maxLength(LIMITS.label));
/** A name as it was sent. The server folds and checks it, so that it can say what is wrong. */
const name = v.pipe(v.string(), v.maxLength(LIMITS.label));
/** An account's name, as a server sends it. */
const account = v.pipe(v.string(), v.check(isName, "not a name"));
const conversation = v.pipe(
  v.string(),
  v.maxLength(2 * LIMITS.name + 8),
  v.check((text) => parseConversation(text) !== undefined, "not a conversation ID"),
);
/** A room or group. */
const place = v.pipe(
  conversation,
  v.check((text) => typeOf(text) !== "dm", "neither a room nor a group"),
);
const room = v.pipe(conversation, v.check((text) => typeOf(text) === "room", "not a room"));
const group = v.pipe(conversation, v.check((text) => typeOf(text) === "group", "not a group"));
const ulid = v.pipe(v.string(), v.check(isUlid, "not a ULID"));
const token = v.pipe(v.string(), v.maxLength(LIMITS.token));
/** Milliseconds since 1970, UTC. */
const time = uint;
/** Copied out of the frame's body, which is a view of a whole chunk and MUST NOT be kept. */
const copied = v.transform((view: Uint8Array<ArrayBuffer>): Uint8Array => new Uint8Array(view));
const bytes = v.pipe(v.instance(Uint8Array), copied);
const hash = v.pipe(v.instance(Uint8Array), v.length(LIMITS.hash), copied);

/** A piece of a file: a view, not a copy, because it is written at once and not kept. */
const chunk = v.object({
  type: v.literal("chunk"),
  bytes: v.pipe(
    v.instance(Uint8Array),
    v.minLength(1),
    v.maxLength(LIMITS.chunk),
    v.transform((view): Uint8Array => view),
  ),
});

/**
 * What a person wrote. The server reads only `kind` and sizes, so that new kinds need no new wire
 * format. The body of `text` is the text; that of `sealed` an envelope (`secret.ts`); that of `file`
 * a file's name and ID (`file_content.ts`).
 */
const content = v.object({
  kind: v.pipe(v.string(), v.regex(/^[a-z0-9_-]{1,16}$/)),
  body: v.union([v.string(), bytes]),
});

const message = v.object({
  type: v.literal("message"),
  conversation,
  /** 1, 2, 3… within the conversation, without gaps. */
  seq: positive,
  ulid,
  from: account,
  at: time,
  // A server has stored no longer one. A string has at least as many bytes as UTF-16 units.
  content: v.pipe(content, v.check(({ body }) => body.length <= LIMITS.content, "too long")),
});

const status = v.picklist(["normal", "dnd", "away", "offline"]);
/** People as a person types them: names, or numbers of accounts. */
const someone = v.union([name, uint]);
const user = v.object({
  /** Constant and short, for `1,3: text`. Never 0. */
  number: positive,
  name: account,
  status,
});

const conversationState = v.object({
  conversation,
  /** The newest message's number; 0 when there is none. */
  seq: uint,
  /** The newest message that a device of this account has marked as read. */
  mark: uint,
  /** Messages of others after the mark. */
  unread: uint,
});

const listedPlace = v.object({
  conversation: place,
  /** How many members it has. */
  people: uint,
  topic: v.string(),
  /** Whether the account is one of them. */
  member: v.boolean(),
  /** The account that made it. Rooms that exist from the start have none. */
  creator: v.optional(account),
});
const names = v.pipe(v.array(name), v.minLength(1), v.maxLength(LIMITS.named));

/** In the place of content that cannot be read. No content is like that: a kind is not empty. */
const UNREADABLE: v.InferOutput<typeof content> = { kind: "", body: "" };

/**
 * A message that this version cannot read: an older or newer server stores what this one refuses.
 * Where it stands is enough to move on. The rest is empty where it cannot be read.
 */
export const UNREADABLE_MESSAGE = v.object({
  type: message.entries.type,
  conversation,
  seq: message.entries.seq,
  ulid: v.fallback(ulid, ""),
  from: v.fallback(account, ""),
  at: v.fallback(time, 0),
  content: v.optional(v.pipe(v.unknown(), v.transform(() => UNREADABLE)), UNREADABLE),
});

/** Whether this stands for a message that cannot be read. */
export function isUnreadable({ content: { kind } }: Message): boolean {
  return kind === UNREADABLE.kind;
}

/** The frames of a client. */
export const CLIENT_FRAMES = {
  hello: v.object({
    type: v.literal("hello"),
    id,
    versions: v.pipe(v.array(uint), v.minLength(1), v.maxLength(LIMITS.versions)),
    features: v.pipe(v.array(label), v.maxLength(LIMITS.features)),
    client: label,
  }),
  login: v.object({
    type: v.literal("login"),
    id,
    user: name,
    password: v.pipe(v.string(), v.minLength(1), v.maxBytes(LIMITS.password)),
    /** `any` (the default) registers a new name where registration is open. */
    intent: v.optional(v.picklist(["any", "login", "register"])),
    /** The code of an invitation, for servers that need one to register. */
    code: v.optional(label),
  }),
  resume: v.object({ type: v.literal("resume"), id, token }),
  send: v.object({ type: v.literal("send"), id, ulid, conversation, content }),
  /** On a transfer stream. Answered with `message` frames, then `end`, then FIN. */
  history: v.object({
    type: v.literal("history"),
    id,
    conversation,
    /** Only messages with a greater `seq`; 0 when it is left out. */
    after: v.optional(uint),
    /** Only messages with a smaller `seq`, and of these the newest, not the oldest. */
    before: v.optional(uint),
    limit: v.pipe(uint, v.minValue(1), v.maxValue(LIMITS.page)),
  }),
  /** On a transfer stream. Answered with the messages that have all words, newest first. */
  search: v.object({
    type: v.literal("search"),
    id,
    words: v.string(),
    limit: v.pipe(uint, v.minValue(1), v.maxValue(LIMITS.found)),
  }),
  /** On a transfer stream. Answered with `ready`; then `chunk` frames are sent, until `stored`. */
  upload: v.object({
    type: v.literal("upload"),
    id,
    /** A ULID made by the client. */
    file: ulid,
    conversation,
    size: uint,
    /** SHA-256 of the whole. */
    hash,
  }),
  /** On a transfer stream. Answered with the `chunk` frames from `offset` on, then `end`. */
  download: v.object({ type: v.literal("download"), id, file: ulid, offset: uint }),
  chunk,
  /** Asks for the account's conversations, and how far each has come. */
  sync: v.object({ type: v.literal("sync"), id }),
  /** The person has seen everything up to `seq`. No answer. */
  mark: v.object({ type: v.literal("mark"), conversation, seq: uint }),
  who: v.object({ type: v.literal("who"), id }),
  /** Looks up accounts, online or not. */
  resolve: v.object({
    type: v.literal("resolve"),
    id,
    users: v.pipe(v.array(someone), v.minLength(1), v.maxLength(LIMITS.named)),
  }),
  status: v.object({
    type: v.literal("status"),
    id,
    status: v.picklist(["normal", "dnd", "away"]),
  }),
  /** Asks for all rooms, or for the account's groups. */
  list: v.object({ type: v.literal("list"), id, kind: v.picklist(["rooms", "groups"]) }),
  /** Asks for the members of a room or group. */
  members: v.object({ type: v.literal("members"), id, conversation: place }),
  /** Makes a room or group. The account becomes a member. */
  create: v.object({
    type: v.literal("create"),
    id,
    conversation: place,
    topic: v.optional(v.string()),
    /** The other members of a new group. */
    members: v.optional(v.pipe(v.array(name), v.maxLength(LIMITS.named))),
  }),
  join: v.object({ type: v.literal("join"), id, conversation: room }),
  leave: v.object({ type: v.literal("leave"), id, conversation: place }),
  topic: v.object({ type: v.literal("topic"), id, conversation: place, topic: v.string() }),
  /** Only the creator of a group may. */
  add: v.object({ type: v.literal("add"), id, conversation: group, users: names }),
  remove: v.object({ type: v.literal("remove"), id, conversation: group, users: names }),
  delete: v.object({ type: v.literal("delete"), id, conversation: place }),
  /** Asks for a code that makes an account. Only an admin may. */
  invite: v.object({
    type: v.literal("invite"),
    id,
    /** Accounts that it may make; 1 when it is left out. */
    uses: v.optional(v.pipe(uint, v.minValue(1), v.maxValue(LIMITS.inviteUses))),
    /** Milliseconds; the server's default when it is left out. */
    lifetime: v.optional(v.pipe(uint, v.minValue(1), v.maxValue(TIMES.invite))),
  }),
  ping: v.object({ type: v.literal("ping"), id }),
  logout: v.object({ type: v.literal("logout"), id }),
} as const;

/** The frames of a server. */
export const SERVER_FRAMES = {
  welcome: v.object({
    type: v.literal("welcome"),
    re: id,
    version: uint,
    features: v.pipe(v.array(label), v.maxLength(LIMITS.features)),
    server: label,
  }),
  authenticated: v.object({
    type: v.literal("authenticated"),
    re: id,
    user: account,
    number: positive,
    /** For `resume`. Valid until `expires`, unless it is revoked. */
    token,
    expires: time,
    /** This login made the account. */
    created: v.boolean(),
  }),
  ack: v.object({ type: v.literal("ack"), re: id, ulid, conversation, seq: positive, at: time }),
  message,
  /** Answers `upload`: the server has everything before `offset`. */
  ready: v.object({ type: v.literal("ready"), re: id, offset: uint }),
  /** Answers `upload`: the server has the whole file, and has checked it. */
  stored: v.object({ type: v.literal("stored"), re: id }),
  chunk,
  /** Ends an answer to `history`, `search` or `download`. `more`: there are further messages. */
  end: v.object({ type: v.literal("end"), re: id, more: v.boolean() }),
  /** Answers `sync`, and is sent once unasked after `authenticated`. */
  conversations: v.object({
    type: v.literal("conversations"),
    re: v.optional(id),
    conversations: v.pipe(v.array(conversationState), v.maxLength(LIMITS.list)),
    more: v.boolean(),
  }),
  /** A conversation that the account is a member of from now on, or whose messages were held. */
  conversation: v.object({
    type: v.literal("conversation"),
    re: v.optional(id),
    ...conversationState.entries,
  }),
  /** Another device of this account has sent `mark`. */
  marked: v.object({ type: v.literal("marked"), conversation, seq: uint }),
  /** A request was carried out. */
  done: v.object({
    type: v.literal("done"),
    re: id,
    /** For `add`: who was added, without earlier members. */
    users: v.optional(v.pipe(v.array(account), v.maxLength(LIMITS.named))),
  }),
  resolved: v.object({
    type: v.literal("resolved"),
    re: id,
    users: v.pipe(v.array(user), v.maxLength(LIMITS.named)),
    /** The entries of the request that no account has. */
    unknown: v.pipe(v.array(someone), v.maxLength(LIMITS.named)),
  }),
  listed: v.object({
    type: v.literal("listed"),
    re: id,
    conversations: v.pipe(v.array(listedPlace), v.maxLength(LIMITS.listed)),
    more: v.boolean(),
  }),
  membership: v.object({
    type: v.literal("membership"),
    re: id,
    conversation: place,
    creator: v.optional(account),
    users: v.pipe(v.array(user), v.maxLength(LIMITS.list)),
    more: v.boolean(),
  }),
  invited: v.object({
    type: v.literal("invited"),
    re: id,
    // A person copies it into a shell.
    code: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)),
    uses: positive,
    expires: time,
  }),
  /** A change of a room or group that the account is a member of, or was until now. */
  changed: v.object({
    type: v.literal("changed"),
    conversation: place,
    change: v.picklist(["created", "joined", "left", "added", "removed", "deleted", "topic"]),
    by: account,
    /** Who was added or removed. */
    users: v.optional(v.pipe(v.array(account), v.maxLength(LIMITS.named))),
    topic: v.optional(v.string()),
  }),
  /** Who is online. Answers `who`, and is sent once unasked after `authenticated`. */
  users: v.object({
    type: v.literal("users"),
    re: v.optional(id),
    users: v.pipe(v.array(user), v.maxLength(LIMITS.list)),
    more: v.boolean(),
  }),
  /** A person came online, went offline, or changed status. */
  presence: v.object({ type: v.literal("presence"), user: account, number: positive, status }),
  /** Information about a request for the person. No error, and not the answer. */
  notice: v.object({
    type: v.literal("notice"),
    re: v.optional(id),
    code: label,
    text: v.string(),
  }),
  error: v.object({
    type: v.literal("error"),
    /** The request that failed, if it had an ID. */
    re: v.optional(id),
    code: label,
    message: v.string(),
    /** Attempts to sign in that are left. */
    attempts: v.optional(uint),
    /** The server's versions, with `no_common_version`. */
    versions: v.optional(v.array(uint)),
  }),
  /** The server dropped frames because this client reads too slowly: `sync`, then `history`. */
  resync: v.object({ type: v.literal("resync") }),
  pong: v.object({ type: v.literal("pong"), re: id }),
  /** The last frame of a session that ends in good order. */
  bye: v.object({ type: v.literal("bye"), re: v.optional(id), code: label, message: v.string() }),
} as const;

type Of<Table extends Record<string, v.GenericSchema>> = {
  [Type in keyof Table]: v.InferOutput<Table[Type]>;
};

export type ClientFrames = Of<typeof CLIENT_FRAMES>;
export type ServerFrames = Of<typeof SERVER_FRAMES>;
export type ClientFrame = ClientFrames[keyof ClientFrames];
export type ServerFrame = ServerFrames[keyof ServerFrames];
export type Frame = ClientFrame | ServerFrame;

export type Message = ServerFrames["message"];
export type Content = Message["content"];
export type User = ServerFrames["users"]["users"][number];
export type Status = User["status"];
/** The statuses that a person can set. */
export type OwnStatus = ClientFrames["status"]["status"];
export type ConversationState = ServerFrames["conversations"]["conversations"][number];
export type ListedRoom = ServerFrames["listed"]["conversations"][number];

function typeOf(id: string): "room" | "group" | "dm" | undefined {
  return parseConversation(id)?.type;
}
