/**
 * Every size limit of the protocol in one table. `docs/protocol.md` repeats it; a test compares.
 * Bytes unless the name says otherwise.
 */
export const LIMITS = {
  /** One frame's MessagePack map, without its 4-byte length. */
  frame: 64 * 1024,
  /** A message's text, UTF-8. */
  text: 16 * 1024,
  /** A message's content that is not text (a sealed envelope of the longest text fits). */
  content: 17 * 1024,
  /** Nesting of maps and arrays in a frame; the frame's own map is 1. */
  depth: 8,
  /** Entries of one map, and items of one array. */
  mapEntries: 64,
  arrayItems: 1024,
  /** The name of a map's entry. */
  key: 64,
  /** A user's, room's or group's name, characters. */
  name: 32,
  /** A password, UTF-8. */
  password: 1024,
  /** A token. */
  token: 2048,
  /** Versions and features in `hello`, and the characters of one feature or software name. */
  versions: 32,
  features: 32,
  label: 64,
  /** Requests of one session that wait for their answers; the server reads on when some have it. */
  requests: 256,
  /** Messages in one answer to `history`. */
  page: 500,
  /** Users in one `users` frame, conversations in one `conversations` frame. */
  list: 500,
  /** Rooms or groups in one `listed` frame: each may have a topic. */
  listed: 128,
  /** The topic of a room or group, UTF-8. */
  topic: 256,
  /** People named in one request. */
  named: 64,
  /** Members of a group; rooms have no such limit. */
  members: 256,
  /** Rooms and groups that one account has made, and that it is in. */
  made: 64,
  joined: 256,
  /** Accounts that one invitation may make, and invitations that there may be. */
  inviteUses: 1000,
  invites: 1000,
  /** The words of a `search`, and messages in its answer. */
  search: 256,
  found: 100,
  /** Bytes of a file in one `chunk` frame. */
  chunk: 48 * 1024,
  /** The name of a file, UTF-8. */
  fileName: 255,
  /** A SHA-256. */
  hash: 32,
  /** Uploads and downloads that one connection may have at once. */
  transfers: 4,
  /** Frames that one session keeps waiting to be written, in bytes; past it comes `resync`. */
  outbox: 1024 * 1024,
} as const;

/** Every time limit, milliseconds. */
export const TIMES = {
  /** From the connection to `hello`. */
  hello: 10_000,
  /** For each attempt to sign in. */
  login: 60_000,
  /** Silence after which a peer is gone. */
  silence: 45_000,
  /** Between a client's `ping` frames. */
  ping: 15_000,
  /** For an answer to a request. */
  answer: 30_000,
  /** How long an invitation may be good for. */
  invite: 366 * 24 * 60 * 60 * 1000,
  /** From a session's last frame to the close of its connection, so that the frame is read. */
  linger: 1_000,
} as const;

/** Attempts to sign in on one connection. */
export const LOGIN_ATTEMPTS = 3;
/** Frames in the wrong state, or of an unknown type, that one connection may send. */
export const OFFENCES = 10;
