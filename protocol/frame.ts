/**
 * The frames: what each end may say, their schemas, and nothing about how they travel
 * (`codec.ts`, `decoder.ts`) or when they are allowed (`session.ts`).
 *
 * Requests carry `id`, their answers carry `re`. A message carries a ULID made by its sender:
 * sending it twice stores it once. Unknown fields are ignored.
 */
import * as v from "valibot";
import { LIMITS, TIMES } from "./limits.ts";
import { isUlid, parseConversation } from "./names.ts";

const uint = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const id = v.pipe(uint, v.maxValue(0xffff_ffff));
const label = v.pipe(v.string(), v.maxLength(LIMITS.label));
/** A name as it was sent; the server folds and judges it, so that it can say what is wrong. */
const name = v.pipe(v.string(), v.maxLength(LIMITS.label));
const conversation = v.pipe(
  v.string(),
  v.maxLength(2 * LIMITS.name + 8),
  v.check((text) => parseConversation(text) !== undefined, "not a conversation ID"),
);
/** A conversation with a name and members. */
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
/** Copied out of the frame's body: that is a view of a whole chunk, and nobody should keep it. */
const copied = v.transform((view: Uint8Array<ArrayBuffer>): Uint8Array => new Uint8Array(view));
const bytes = v.pipe(v.instance(Uint8Array), copied);
const hash = v.pipe(v.instance(Uint8Array), v.length(LIMITS.hash), copied);

/** A piece of a file. It is a view, not a copy: it goes to a disk at once, and nobody keeps it. */
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
 * What somebody wrote. The server reads `kind` and sizes only, so that new kinds need no new wire
 * format: `text` has its text in `body`; `sealed` has an envelope (`secret.ts`), and `file` what
 * a file is called and where it is (`file.ts`), as bytes.
 */
const content = v.object({
  kind: v.pipe(v.string(), v.minLength(1), v.maxLength(16)),
  body: v.union([v.string(), bytes]),
});

const message = v.object({
  type: v.literal("message"),
  conversation,
  /** 1, 2, 3… within the conversation, without gaps. */
  seq: uint,
  ulid,
  from: name,
  at: time,
  content,
});

const status = v.picklist(["normal", "dnd", "away", "offline"]);
/** People as somebody typed them: names, or the numbers of accounts. */
const someone = v.union([name, uint]);
const user = v.object({
  /** Stable and short, for `1,3: text`. Never 0. */
  number: uint,
  name,
  status,
});

const conversationState = v.object({
  conversation,
  /** The newest message's number; 0 when there is none. */
  seq: uint,
  /** The newest message that some device of this account has marked as seen. */
  mark: uint,
  /** Messages after the mark that others wrote. */
  unread: uint,
});

const listedPlace = v.object({
  conversation: place,
  /** How many members it has. */
  people: uint,
  topic: v.string(),
  /** Whether the account is one of them. */
  member: v.boolean(),
  /** Who made it; nobody made the rooms that were there from the start. */
  creator: v.optional(name),
});
const names = v.pipe(v.array(name), v.minLength(1), v.maxLength(LIMITS.named));

/** What a client says. */
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
    /** `any` (the default) registers a new name where that is open. */
    intent: v.optional(v.picklist(["any", "login", "register"])),
    /** Of an invitation: makes an account where that takes one. */
    code: v.optional(label),
  }),
  resume: v.object({ type: v.literal("resume"), id, token }),
  send: v.object({ type: v.literal("send"), id, ulid, conversation, content }),
  /** On a stream of its own: answered there with `message` frames, then `end`, then FIN. */
  history: v.object({
    type: v.literal("history"),
    id,
    conversation,
    /** Messages with a greater `seq` than this; 0 when it is left out. */
    after: v.optional(uint),
    /** Messages with a smaller `seq`: then the newest of them are meant, not the oldest. */
    before: v.optional(uint),
    limit: v.pipe(uint, v.minValue(1), v.maxValue(LIMITS.page)),
  }),
  /** Likewise on a stream of its own: the newest messages first that have all of the words. */
  search: v.object({
    type: v.literal("search"),
    id,
    words: v.string(),
    limit: v.pipe(uint, v.minValue(1), v.maxValue(LIMITS.found)),
  }),
  /** On a stream of its own: answered with `ready`; then `chunk` frames, until `stored`. */
  upload: v.object({
    type: v.literal("upload"),
    id,
    /** Made by the client, like a message's. */
    file: ulid,
    conversation,
    size: uint,
    /** SHA-256 of the whole. */
    hash,
  }),
  /** On a stream of its own: answered with the `chunk` frames from `offset` on, then `end`. */
  download: v.object({ type: v.literal("download"), id, file: ulid, offset: uint }),
  chunk,
  /** Which conversations there are, and how far each has come. */
  sync: v.object({ type: v.literal("sync"), id }),
  /** Everything up to `seq` was shown to the person. No answer. */
  mark: v.object({ type: v.literal("mark"), conversation, seq: uint }),
  who: v.object({ type: v.literal("who"), id }),
  /** Who people are, online or not. */
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
  /** Which rooms there are, or which groups one is in. */
  list: v.object({ type: v.literal("list"), id, kind: v.picklist(["rooms", "groups"]) }),
  /** Who is in a room or group. */
  members: v.object({ type: v.literal("members"), id, conversation: place }),
  /** Makes a room or group; who makes it is in it. */
  create: v.object({
    type: v.literal("create"),
    id,
    conversation: place,
    topic: v.optional(v.string()),
    /** Who else is in a new group. Rooms are joined. */
    members: v.optional(v.pipe(v.array(name), v.maxLength(LIMITS.named))),
  }),
  join: v.object({ type: v.literal("join"), id, conversation: room }),
  leave: v.object({ type: v.literal("leave"), id, conversation: place }),
  topic: v.object({ type: v.literal("topic"), id, conversation: place, topic: v.string() }),
  /** What the creator of a group may do. */
  add: v.object({ type: v.literal("add"), id, conversation: group, users: names }),
  remove: v.object({ type: v.literal("remove"), id, conversation: group, users: names }),
  delete: v.object({ type: v.literal("delete"), id, conversation: group }),
  /** What an admin may do: a code that lets somebody make an account. */
  invite: v.object({
    type: v.literal("invite"),
    id,
    /** How many accounts; 1 when it is left out. */
    uses: v.optional(v.pipe(uint, v.minValue(1), v.maxValue(LIMITS.inviteUses))),
    /** Milliseconds; the server's own when it is left out. */
    lifetime: v.optional(v.pipe(uint, v.minValue(1), v.maxValue(TIMES.invite))),
  }),
  ping: v.object({ type: v.literal("ping"), id }),
  logout: v.object({ type: v.literal("logout"), id }),
} as const;

/** What a server says. */
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
    user: name,
    number: uint,
    /** For `resume`; valid until `expires`, or until the session is ended. */
    token,
    expires: time,
    /** The account was made by this login. */
    created: v.boolean(),
  }),
  ack: v.object({ type: v.literal("ack"), re: id, ulid, conversation, seq: uint, at: time }),
  message,
  /** The answer to `upload`: everything before `offset` is here; go on from there. */
  ready: v.object({ type: v.literal("ready"), re: id, offset: uint }),
  /** The file is here, whole and checked. */
  stored: v.object({ type: v.literal("stored"), re: id }),
  chunk,
  /** Ends an answer to `history`, `search` or `download`; `more`: there are further messages. */
  end: v.object({ type: v.literal("end"), re: id, more: v.boolean() }),
  /** The answer to `sync`, and sent once by itself after `authenticated`; `more`: not the last. */
  conversations: v.object({
    type: v.literal("conversations"),
    re: v.optional(id),
    conversations: v.pipe(v.array(conversationState), v.maxLength(LIMITS.list)),
    more: v.boolean(),
  }),
  /** One conversation: one that the account is in from now on, or of which messages were held. */
  conversation: v.object({
    type: v.literal("conversation"),
    re: v.optional(id),
    ...conversationState.entries,
  }),
  /** Another device of this account has shown everything up to `seq`. */
  marked: v.object({ type: v.literal("marked"), conversation, seq: uint }),
  /** A request was carried out. */
  done: v.object({
    type: v.literal("done"),
    re: id,
    /** For `add`: who was added. Those who were in the group already are not among them. */
    users: v.optional(v.pipe(v.array(name), v.maxLength(LIMITS.named))),
  }),
  resolved: v.object({
    type: v.literal("resolved"),
    re: id,
    users: v.pipe(v.array(user), v.maxLength(LIMITS.named)),
    /** Those of the request who are nobody, as they were named there. */
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
    creator: v.optional(name),
    users: v.pipe(v.array(user), v.maxLength(LIMITS.list)),
    more: v.boolean(),
  }),
  invited: v.object({ type: v.literal("invited"), re: id, code: label, uses: uint, expires: time }),
  /** Something about a room or group that one is in, or was until now. */
  changed: v.object({
    type: v.literal("changed"),
    conversation: place,
    change: v.picklist(["created", "joined", "left", "added", "removed", "deleted", "topic"]),
    by: name,
    /** Who was added or removed. */
    users: v.optional(v.pipe(v.array(name), v.maxLength(LIMITS.named))),
    topic: v.optional(v.string()),
  }),
  /** Who is online: the answer to `who`, and sent once by itself after `authenticated`. */
  users: v.object({
    type: v.literal("users"),
    re: v.optional(id),
    users: v.pipe(v.array(user), v.maxLength(LIMITS.list)),
    more: v.boolean(),
  }),
  /** Somebody came, went, or changed status. */
  presence: v.object({ type: v.literal("presence"), user: name, number: uint, status }),
  /** Something that a person should know about what they did: told, not an error. */
  notice: v.object({
    type: v.literal("notice"),
    re: v.optional(id),
    code: label,
    text: v.string(),
  }),
  error: v.object({
    type: v.literal("error"),
    /** The request that failed, where it had an ID. */
    re: v.optional(id),
    code: label,
    message: v.string(),
    /** Attempts to sign in that are left. */
    attempts: v.optional(uint),
    /** The versions that the server has (`no_common_version`). */
    versions: v.optional(v.array(uint)),
  }),
  /** Frames were left out because this client reads too slowly: `sync`, then `history`. */
  resync: v.object({ type: v.literal("resync") }),
  pong: v.object({ type: v.literal("pong"), re: id }),
  /** The last frame before the server ends its stream: the answer to `logout`, or a drain. */
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
/** What somebody may set; `offline` follows by itself. */
export type OwnStatus = ClientFrames["status"]["status"];
export type ConversationState = ServerFrames["conversations"]["conversations"][number];
export type ListedRoom = ServerFrames["listed"]["conversations"][number];

function typeOf(id: string): "room" | "group" | "dm" | undefined {
  return parseConversation(id)?.type;
}
