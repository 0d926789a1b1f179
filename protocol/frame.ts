/**
 * The frames: what each end may say, their schemas, and nothing about how they travel
 * (`codec.ts`, `decoder.ts`) or when they are allowed (`session.ts`).
 *
 * Requests carry `id`, their answers carry `re`. A message carries a ULID made by its sender:
 * sending it twice stores it once. Unknown fields are ignored.
 */
import * as v from "valibot";
import { LIMITS } from "./limits.ts";
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
const ulid = v.pipe(v.string(), v.check(isUlid, "not a ULID"));
const token = v.pipe(v.string(), v.maxLength(LIMITS.token));
/** Milliseconds since 1970, UTC. */
const time = uint;
/** Copied out of the frame's body: that is a view of a whole chunk, and nobody should keep it. */
const bytes = v.pipe(
  v.instance(Uint8Array),
  v.transform((view): Uint8Array => new Uint8Array(view)),
);

/**
 * What somebody wrote. The server reads `kind` and sizes only, so that new kinds need no new wire
 * format: `text` has its text in `body`; `sealed` has an envelope (`secret.ts`), as bytes.
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
});

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
  }),
  resume: v.object({ type: v.literal("resume"), id, token }),
  send: v.object({ type: v.literal("send"), id, ulid, conversation, content }),
  /** On a stream of its own: answered there with `message` frames, then `end`, then FIN. */
  history: v.object({
    type: v.literal("history"),
    id,
    conversation,
    /** Messages with a greater `seq` than this, the oldest first. */
    after: uint,
    limit: v.pipe(uint, v.minValue(1), v.maxValue(LIMITS.page)),
  }),
  /** Which conversations there are, and how far each has come. */
  sync: v.object({ type: v.literal("sync"), id }),
  /** Everything up to `seq` was shown to the person. No answer. */
  mark: v.object({ type: v.literal("mark"), conversation, seq: uint }),
  who: v.object({ type: v.literal("who"), id }),
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
  /** After the last `message` of a `history` answer; `more` says that another page follows it. */
  end: v.object({ type: v.literal("end"), re: id, more: v.boolean() }),
  /** The answer to `sync`, and sent once by itself after `authenticated`; `more`: not the last. */
  conversations: v.object({
    type: v.literal("conversations"),
    re: v.optional(id),
    conversations: v.pipe(v.array(conversationState), v.maxLength(LIMITS.list)),
    more: v.boolean(),
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
export type ConversationState = ServerFrames["conversations"]["conversations"][number];
