/**
 * The errors that can answer each request: the table of docs/protocol.md, "The errors of each
 * request". `TestPeer` and `FileStream` hold every error of every test to it, and
 * `tests/server/refusals_test.ts` makes a server send each one.
 */
import assert from "node:assert/strict";
import { closeCodeOf, type ErrorCode } from "../../protocol/errors.ts";
import type { ClientFrame, ServerFrame } from "../../protocol/frame.ts";
import type { RequestType } from "../../protocol/session/rules.ts";

type Reasons = Readonly<Partial<Record<ErrorCode, string>>>;

/** The same for everything that names a conversation in which the account must be a member. */
const NOT_A_MEMBER = "a room that the account is not in";
const UNKNOWN = "no such conversation, or one that the account is not in";
const UNKNOWN_GROUP = "no such group, or one that the account is not in";
const UNKNOWN_USER = "the other person of a `dm:` has no account";
const NO_SUCH_USER = "one of the people has no account; the message says who";
const NOT_CREATOR = "the account is not the group's creator";

/** For each request its errors, and when each is sent. */
export const REFUSALS: Readonly<Record<RequestType, Reasons>> = {
  hello: { no_common_version: "no version in common" },
  login: {
    bad_name: "the name is malformed, or it is reserved and would be registered",
    bad_credentials: "the password is wrong, or there is no such account and none may be made",
    registration_closed: "`register` where registration is closed",
    bad_code: "the code is not valid, or `register` came without one where one is needed",
    name_taken: "`register` with the name of an account",
    too_many_attempts: "the third attempt that failed, whatever was wrong with it",
    rate_limited: "too many sign-ins from this address, or too many failed ones",
    busy:
      "too many passwords wait to be checked, this one waited for 30 s, or the account has 16 sessions",
  },
  resume: {
    bad_token: "the token is malformed, has expired, or was revoked",
    busy: "the account has 16 sessions",
  },
  send: {
    empty_message: "the body is empty, or white space alone",
    message_too_large: "the body is over the limit of its kind",
    not_a_member: NOT_A_MEMBER,
    unknown_conversation: UNKNOWN,
    unknown_user: UNKNOWN_USER,
    busy: "too much waits to be stored, or storing failed; nothing was stored",
  },
  history: {
    not_a_member: `${NOT_A_MEMBER}; also when it leaves during the answer`,
    unknown_conversation: `${UNKNOWN}; also when that comes about during the answer`,
    unknown_user: UNKNOWN_USER,
    held: "what follows is held while the account's status is `dnd`",
  },
  search: {
    bad_search: "no words, more than 16, or more than 256 bytes",
    busy: "4 searches of this account are under way, or too many of its network or of all",
  },
  upload: {
    file_too_large: "`size` is over the server's limit",
    not_a_member: `${NOT_A_MEMBER}; also when it leaves during the upload`,
    unknown_conversation: `${UNKNOWN}; also when that comes about during the upload`,
    unknown_user: UNKNOWN_USER,
    busy: "4 uploads and downloads of this connection are active, or the server has no free slot",
    other_file: "the ULID belongs to a file of another account, conversation, size or hash",
    quota_exceeded: "the account's files would be too many, or too large together",
    disk_full: "the server's disk has no room",
    damaged_file: "the bytes do not have the hash; they were deleted",
    unfinished_file: "the stream ended before the file did; the bytes are kept",
  },
  download: {
    no_such_file: "no such file, no longer there, or not for this account; also during the answer",
    busy: "as for `upload`",
  },
  sync: {},
  who: {},
  resolve: {},
  status: {},
  list: {},
  members: { unknown_conversation: "no such room or group, or a group that the account is not in" },
  create: {
    bad_name: "the name is reserved",
    bad_topic: "the topic is longer than 256 bytes, or has a control character or line break",
    not_allowed: "`members` of a room other than the account itself",
    unknown_user: NO_SUCH_USER,
    quota_exceeded: "a limit of rooms and groups is reached; the message says which",
    rate_limited: "too many rooms were made from this network",
    name_taken: "a room or group has this ID already",
  },
  join: {
    unknown_conversation: "no such room",
    quota_exceeded: "the account is in 256 rooms, its own groups among them",
  },
  leave: { not_a_member: NOT_A_MEMBER, unknown_conversation: UNKNOWN },
  topic: {
    not_a_member: NOT_A_MEMBER,
    unknown_conversation: UNKNOWN,
    bad_topic: "as for `create`",
  },
  add: {
    unknown_conversation: UNKNOWN_GROUP,
    not_allowed: NOT_CREATOR,
    unknown_user: NO_SUCH_USER,
    quota_exceeded:
      "the group would have over 256 members, or one of the people is in as many as may be",
  },
  remove: {
    unknown_conversation: UNKNOWN_GROUP,
    not_allowed: `${NOT_CREATOR}, or names itself`,
    not_a_member: "one of the people is not in the group; the message says who",
  },
  delete: {
    unknown_conversation: "no such room, or no such group or one that the account is not in",
    not_allowed: "the account may not delete it; the message says why",
  },
  invite: {
    not_allowed: "the account is not an admin",
    quota_exceeded: "there are 1,000 valid invitations already",
  },
  ping: {},
  logout: {},
};

/** What can answer any frame, besides the errors that end the connection. */
const ANY_REFUSALS: readonly ErrorCode[] = ["bad_frame", "bad_state"];

/** Fails for an error that the table does not allow as the answer to the frame. */
export function checkRefusal(asked: ClientFrame["type"], answer: ServerFrame): void {
  if (answer.type !== "error") return;
  const code = answer.code as ErrorCode;
  const allowed = asked === "chunk" || asked === "mark" ? {} : REFUSALS[asked];
  assert.ok(
    ANY_REFUSALS.includes(code) || closeCodeOf(code) !== undefined || Object.hasOwn(allowed, code),
    `${code} answers ${asked}, which docs/protocol.md does not say`,
  );
}
