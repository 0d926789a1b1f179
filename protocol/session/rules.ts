/**
 * Tables for both ends: the states and streams in which each frame is allowed, and the frame that
 * answers each request. The code has no exceptions to them.
 */
import type { ClientFrames, ServerFrames } from "../frame.ts";
import type { State } from "./states.ts";

/**
 * `session`: the stream with ID 0. `transfer`: any other stream. Each carries one request, so that a
 * long answer never delays a message.
 */
export type StreamKind = "session" | "transfer";

interface Rule {
  readonly states: readonly State[];
  readonly streams: readonly StreamKind[];
}

const AFTER_WELCOME = ["CONNECTED", "AUTHENTICATED", "SENDING"] as const;
const SIGNED_IN = ["AUTHENTICATED", "SENDING"] as const;
const UNTIL_THE_END = ["CONNECTING", ...AFTER_WELCOME] as const;

/** Where each frame of a client is allowed. */
export const CLIENT_RULES: Readonly<Record<keyof ClientFrames, Rule>> = {
  hello: { states: ["CONNECTING"], streams: ["session"] },
  login: { states: ["CONNECTED"], streams: ["session"] },
  resume: { states: ["CONNECTED"], streams: ["session"] },
  send: { states: SIGNED_IN, streams: ["session"] },
  history: { states: SIGNED_IN, streams: ["transfer"] },
  search: { states: SIGNED_IN, streams: ["transfer"] },
  upload: { states: SIGNED_IN, streams: ["transfer"] },
  download: { states: SIGNED_IN, streams: ["transfer"] },
  chunk: { states: SIGNED_IN, streams: ["transfer"] },
  sync: { states: SIGNED_IN, streams: ["session"] },
  mark: { states: SIGNED_IN, streams: ["session"] },
  who: { states: SIGNED_IN, streams: ["session"] },
  resolve: { states: SIGNED_IN, streams: ["session"] },
  status: { states: SIGNED_IN, streams: ["session"] },
  list: { states: SIGNED_IN, streams: ["session"] },
  members: { states: SIGNED_IN, streams: ["session"] },
  create: { states: SIGNED_IN, streams: ["session"] },
  join: { states: SIGNED_IN, streams: ["session"] },
  leave: { states: SIGNED_IN, streams: ["session"] },
  topic: { states: SIGNED_IN, streams: ["session"] },
  add: { states: SIGNED_IN, streams: ["session"] },
  remove: { states: SIGNED_IN, streams: ["session"] },
  delete: { states: SIGNED_IN, streams: ["session"] },
  invite: { states: SIGNED_IN, streams: ["session"] },
  ping: { states: AFTER_WELCOME, streams: ["session"] },
  logout: { states: AFTER_WELCOME, streams: ["session"] },
};

/** Where each frame of a server is allowed. */
export const SERVER_RULES: Readonly<Record<keyof ServerFrames, Rule>> = {
  welcome: { states: ["CONNECTING"], streams: ["session"] },
  authenticated: { states: ["CONNECTED"], streams: ["session"] },
  ack: { states: SIGNED_IN, streams: ["session"] },
  message: { states: SIGNED_IN, streams: ["session", "transfer"] },
  ready: { states: SIGNED_IN, streams: ["transfer"] },
  stored: { states: SIGNED_IN, streams: ["transfer"] },
  chunk: { states: SIGNED_IN, streams: ["transfer"] },
  end: { states: SIGNED_IN, streams: ["transfer"] },
  conversations: { states: SIGNED_IN, streams: ["session"] },
  conversation: { states: SIGNED_IN, streams: ["session"] },
  marked: { states: SIGNED_IN, streams: ["session"] },
  done: { states: SIGNED_IN, streams: ["session"] },
  resolved: { states: SIGNED_IN, streams: ["session"] },
  listed: { states: SIGNED_IN, streams: ["session"] },
  membership: { states: SIGNED_IN, streams: ["session"] },
  invited: { states: SIGNED_IN, streams: ["session"] },
  changed: { states: SIGNED_IN, streams: ["session"] },
  users: { states: SIGNED_IN, streams: ["session"] },
  presence: { states: SIGNED_IN, streams: ["session"] },
  notice: { states: AFTER_WELCOME, streams: ["session"] },
  error: { states: UNTIL_THE_END, streams: ["session", "transfer"] },
  resync: { states: SIGNED_IN, streams: ["session"] },
  pong: { states: AFTER_WELCOME, streams: ["session"] },
  bye: { states: UNTIL_THE_END, streams: ["session"] },
};

/** The frame that answers each request. `error` may answer any request instead. */
export const ANSWERS = {
  hello: "welcome",
  login: "authenticated",
  resume: "authenticated",
  send: "ack",
  history: "end",
  search: "end",
  upload: "stored",
  download: "end",
  sync: "conversations",
  who: "users",
  resolve: "resolved",
  status: "done",
  list: "listed",
  members: "membership",
  create: "conversation",
  join: "conversation",
  leave: "done",
  topic: "done",
  add: "done",
  remove: "done",
  delete: "done",
  invite: "invited",
  ping: "pong",
  logout: "bye",
} as const satisfies Partial<Record<keyof ClientFrames, keyof ServerFrames>>;

export type RequestType = keyof typeof ANSWERS;

/** Requests on a stream of their own. */
export type TransferType = QueryType | "upload" | "download";
/** Those of them that are answered with messages. */
export type QueryType = "history" | "search";

export function clientMaySend(type: keyof ClientFrames, state: State, stream: StreamKind): boolean {
  const rule = CLIENT_RULES[type];
  return rule.states.includes(state) && rule.streams.includes(stream);
}

export function serverMaySend(type: keyof ServerFrames, state: State, stream: StreamKind): boolean {
  const rule = SERVER_RULES[type];
  return rule.states.includes(state) && rule.streams.includes(stream);
}
