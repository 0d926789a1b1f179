/**
 * Every error that one end tells the other: one table of code, close code and meaning.
 * A fault of the peer becomes an `error` frame (and, where `fatal`, the close of its connection);
 * a fault of ours throws.
 */

interface Row {
  /** Application close code of the connection (RFC 9000, section 20.2), where the error ends it. */
  readonly close?: number;
  readonly meaning: string;
}

export const ERRORS = {
  // The connection ends: the byte stream or the peer cannot be trusted any further.
  frame_too_large: { close: 0x101, meaning: "A frame is larger than 65536 bytes." },
  frame_malformed: { close: 0x102, meaning: "A frame is not one MessagePack map within limits." },
  frame_truncated: { close: 0x103, meaning: "The stream ended inside a frame." },
  no_common_version: { close: 0x104, meaning: "Client and server share no protocol version." },
  too_many_offences: { close: 0x105, meaning: "Too many frames that are not allowed." },
  too_many_attempts: { close: 0x106, meaning: "Three attempts to sign in have failed." },
  login_timeout: { close: 0x107, meaning: "Nobody signed in within the time allowed." },
  hello_timeout: { close: 0x108, meaning: "No hello came within the time allowed." },
  silence: { close: 0x109, meaning: "The peer was silent for too long." },
  session_revoked: { close: 0x10a, meaning: "The session was ended from elsewhere." },
  draining: { close: 0x10b, meaning: "The server is shutting down; come back." },
  internal: { close: 0x10c, meaning: "The server failed. What was acknowledged is safe." },
  // The connection goes on.
  bad_frame: { meaning: "A frame's fields are missing, of the wrong type, or over a limit." },
  unknown_type: { meaning: "A frame's type is not known here." },
  bad_state: { meaning: "A frame is not allowed in the session's state." },
  bad_credentials: { meaning: "The name or the password is wrong." },
  bad_token: { meaning: "The token is not valid any more; sign in with a password." },
  bad_code: { meaning: "The invitation is not good: it was used up or withdrawn, or has expired." },
  registration_closed: { meaning: "Nobody can register here." },
  name_taken: { meaning: "The name belongs to somebody else." },
  bad_name: { meaning: "A name does not have the right form, or is reserved." },
  unknown_user: { meaning: "No such user." },
  unknown_conversation: { meaning: "No such conversation, or it is not yours." },
  not_a_member: { meaning: "You are not a member of that conversation." },
  not_allowed: { meaning: "That is not yours to do." },
  bad_topic: { meaning: "A topic is longer than 256 bytes, or more than one line." },
  bad_search: { meaning: "A search has no words, or too many." },
  quota_exceeded: { meaning: "That would be more than is allowed." },
  held: { meaning: "What follows is kept until you end your status dnd." },
  empty_message: { meaning: "A message has no text." },
  message_too_large: { meaning: "A message is larger than its limit." },
  no_such_file: { meaning: "No such file here, or not any more; ask for it to be sent again." },
  other_file: { meaning: "A file of that ID is here already, and it is another one." },
  file_too_large: { meaning: "The file is larger than this server takes." },
  disk_full: { meaning: "The server has no room for that file; ask who runs it." },
  damaged_file: {
    meaning: "What came is not what was announced, and was forgotten; send it again.",
  },
  unfinished_file: { meaning: "The stream ended before the file did; upload it again to go on." },
  rate_limited: { meaning: "Too fast; wait and send it again." },
  busy: { meaning: "The server has too much to do right now; try again." },
} as const satisfies Record<string, Row>;

export type ErrorCode = keyof typeof ERRORS;

/** The close of a session in good order. */
export const CLOSE_DONE = 0x100;

/** The application close code of an error that ends the connection; `undefined` for others. */
export function closeCodeOf(code: ErrorCode): number | undefined {
  return (ERRORS[code] as Row).close;
}

/** The error that an application close code stands for. */
export function errorOfClose(close: number): ErrorCode | undefined {
  return (Object.keys(ERRORS) as ErrorCode[]).find((code) => closeCodeOf(code) === close);
}

/**
 * A fault of the peer, on its way to becoming an `error` frame. Its message goes to the peer: it
 * names fields and limits, and never repeats what somebody wrote.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly code: ErrorCode;
  /** The `id` of the request at fault, where it could be read. */
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

  /** Whether the connection ends with it. */
  get fatal(): boolean {
    return closeCodeOf(this.code) !== undefined;
  }
}
