/**
 * What handlers see of the session that a frame came from. They answer through it and decide with
 * it; bytes, streams and time limits are its own business (`peer_connection.ts`).
 */
import type { ErrorCode } from "../protocol/errors.ts";
import type { ServerFrame } from "../protocol/frame.ts";
import type { SignedInSession } from "./services/signed_in_session.ts";

export interface Identity {
  readonly account: SignedInSession["account"];
  readonly loginId: string;
}

/** A session, signed in or not. */
export interface Peer {
  /** The peer's IP address. */
  readonly address: string;
  /** The session of whoever has signed in. Throws while nobody has: the rules come first. */
  readonly session: SignedInSession;
  readonly isSignedIn: boolean;
  send(frame: ServerFrame): void;
  /** The `login` or `resume` was right. `false`: the session has ended meanwhile. */
  signIn(identity: Identity): boolean;
  /** It was not: tells the client, and ends the session after the last attempt. */
  refuseSignIn(code: ErrorCode, message?: string): void;
  /** Says `bye` and ends the session in good order. */
  signOut(re: number): void;
}
