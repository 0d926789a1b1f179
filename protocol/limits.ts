/**
 * All limits of the protocol. `docs/protocol.md` repeats the tables, and a test compares them. Sizes
 * are in bytes unless a comment says otherwise.
 */
export const LIMITS = {
  /** One frame's MessagePack map, without its 4-byte length. */
  frame: 64 * 1024,
  /** A message's text, UTF-8. */
  text: 16 * 1024,
  /** A message's content of another kind. An envelope of the longest text fits. */
  content: 17 * 1024,
  /** Nesting of maps and arrays in a frame. The frame's own map is level 1. */
  depth: 8,
  /** Entries of one map, and items of one array. */
  mapEntries: 64,
  arrayItems: 1024,
  /** A map's key. */
  key: 64,
  /** A user's, room's or group's name, characters. */
  name: 32,
  /** A password, UTF-8. */
  password: 1024,
  /** A token. */
  token: 2048,
  /** Versions and features in `hello`. */
  versions: 32,
  features: 32,
  /** The characters of a code, a feature, or a software's name. */
  label: 64,
  /** Requests of one session that wait for their answers. The server then reads no further. */
  requests: 256,
  /** Messages in one answer to `history`. */
  page: 500,
  /** Users in one `users` frame, conversations in one `conversations` frame. */
  list: 500,
  /** Rooms or groups in one `listed` frame. Each may have a topic. */
  listed: 128,
  /** The frames of all lists of one session that have begun and not ended. */
  lists: 4 * 1024 * 1024,
  /** The topic of a room or group, UTF-8. */
  topic: 256,
  /** People named in one request. */
  named: 64,
  /** Members of a group. Rooms have no such limit. */
  members: 256,
  /** Rooms and groups that one account has made: in all, and on its first day. */
  made: 64,
  madeNew: 8,
  /** Rooms that it is in, with the groups that it has made. */
  joined: 256,
  /** Groups of others that it is in: in all, and those of one creator. */
  added: 256,
  addedBy: 16,
  /** Accounts that one invitation may make, and invitations at once. */
  inviteUses: 1000,
  invites: 1000,
  /** The words of a `search`, UTF-8, and messages in its answer. */
  search: 256,
  found: 100,
  /** Bytes of a file in one `chunk` frame. */
  chunk: 48 * 1024,
  /** The name of a file, UTF-8. */
  fileName: 255,
  /** A SHA-256. */
  hash: 32,
  /** Uploads and downloads of one connection at once. */
  transfers: 4,
  /** Frames that wait to be written to one session. Beyond it the server sends `resync`. */
  outbox: 1024 * 1024,
} as const;

/** Every time limit, milliseconds. */
export const TIMES = {
  /** From the connection to `hello`. */
  hello: 10_000,
  /** For each attempt to sign in. */
  login: 60_000,
  /** Silence that ends a session. */
  silence: 45_000,
  /** Between a client's `ping` frames. */
  ping: 15_000,
  /** For an answer to a request. */
  answer: 30_000,
  /** The longest lifetime of an invitation. */
  invite: 366 * 24 * 60 * 60 * 1000,
  /** From a session's last frame to the close of its connection, so that the peer can read it. */
  linger: 1_000,
} as const;

/** Attempts to sign in on one connection. */
export const LOGIN_ATTEMPTS = 3;
/** Offences that one connection may commit (docs/protocol.md, "Offences"). */
export const OFFENCES = 10;
