/**
 * All errors that one end sends to the other: one table of code, close code and meaning. A fault of
 * the peer becomes an `error` frame (and, if `fatal`, the close of its connection). A fault of ours
 * throws.
 */

interface Row {
  /** The application close code (RFC 9000, section 20.2), if the error ends the connection. */
  readonly close?: number;
  readonly meaning: string;
}

export const ERRORS = {
  // These end the connection: the byte stream or the peer can no longer be trusted.
  frame_too_large: { close: 0x101, meaning: "A frame is larger than 65536 bytes." },
  frame_malformed: {
    close: 0x102,
    meaning: "A frame is not one MessagePack map within the limits.",
  },
  frame_truncated: { close: 0x103, meaning: "The stream ended inside a frame." },
  no_common_version: { close: 0x104, meaning: "Client and server share no protocol version." },
  too_many_offences: { close: 0x105, meaning: "The client sent too many invalid frames." },
  too_many_attempts: { close: 0x106, meaning: "Three attempts to sign in have failed." },
  login_timeout: { close: 0x107, meaning: "The client did not sign in in time." },
  hello_timeout: { close: 0x108, meaning: "The client sent no hello in time." },
  silence: { close: 0x109, meaning: "The peer was silent for too long." },
  session_revoked: { close: 0x10a, meaning: "The session was signed out on another device." },
  draining: { close: 0x10b, meaning: "The server is shutting down; reconnect later." },
  internal: { close: 0x10c, meaning: "The server has failed. Acknowledged messages are stored." },
  list_too_long: { close: 0x10d, meaning: "A list has more entries than it may have." },
  // These do not.
  bad_frame: { meaning: "A frame's fields are missing, of the wrong type, or over a limit." },
  unknown_type: { meaning: "The type of a frame is unknown." },
  bad_state: { meaning: "A frame is not allowed in the session's state." },
  bad_credentials: { meaning: "The name or the password is wrong." },
  bad_token: { meaning: "The token is no longer valid; sign in with the password." },
  bad_code: {
    meaning: "The invitation is not valid: it was used up or withdrawn, or has expired.",
  },
  registration_closed: { meaning: "Registration is closed on this server." },
  name_taken: { meaning: "The name is taken." },
  bad_name: { meaning: "A name is malformed or reserved." },
  unknown_user: { meaning: "No such user." },
  unknown_conversation: { meaning: "No such conversation, or you are not a member of it." },
  not_a_member: { meaning: "You are not a member of that conversation." },
  not_allowed: { meaning: "You are not allowed to do that." },
  bad_topic: {
    meaning: "A topic is longer than 256 bytes, or has a control character or a line break.",
  },
  bad_search: { meaning: "A search has no words, or too many." },
  quota_exceeded: { meaning: "That would exceed a limit." },
  held: { meaning: "Further messages are held until you end your status dnd." },
  empty_message: { meaning: "A message has no text." },
  message_too_large: { meaning: "A message is larger than its limit." },
  no_such_file: {
    meaning: "The server does not have that file, or no longer; ask for it to be sent again.",
  },
  other_file: { meaning: "The server has another file with that ID." },
  file_too_large: { meaning: "The file is larger than this server allows." },
  disk_full: { meaning: "The server's disk has no room for that file; tell its operator." },
  damaged_file: {
    meaning: "The file was damaged on the way, and was deleted; send it again.",
  },
  unfinished_file: {
    meaning: "The stream ended before the file was complete; upload it again to continue.",
  },
  rate_limited: { meaning: "Too many requests; wait and try again." },
  busy: { meaning: "The server is busy; try again." },
} as const satisfies Record<string, Row>;

export type ErrorCode = keyof typeof ERRORS;

/** The close code of a session that ends in good order. */
export const CLOSE_DONE = 0x100;

/** The application close code of an error that ends the connection; `undefined` for others. */
export function closeCodeOf(code: ErrorCode): number | undefined {
  return (ERRORS[code] as Row).close;
}

/** The error of an application close code. */
export function errorOfClose(close: number): ErrorCode | undefined {
  return (Object.keys(ERRORS) as ErrorCode[]).find((code) => closeCodeOf(code) === close);
}

/**
 * A fault of the peer, before it becomes an `error` frame. The message is sent to the peer. It names
 * fields and limits, and never repeats what people wrote.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly code: ErrorCode;
  /** The `id` of the request at fault, if it could be read. */
  readonly re: number | undefined;

  constructor(
    code: ErrorCode,
    message: string = ERRORS[code].meaning,
    options?: { readonly re?: number | undefined },
  ) {
    super(message);
    this.code = code;
    this.re = options?.re;
  }

  /** Whether it ends the connection. */
  get fatal(): boolean {
    return closeCodeOf(this.code) !== undefined;
  }
}
