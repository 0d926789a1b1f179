/**
 * What handlers see of the session that a frame came from: they answer through it. Bytes, streams
 * and time limits are hidden from them (`peer_connection.ts`).
 */
import type { ErrorCode } from "../protocol/errors.ts";
import type { ServerFrame } from "../protocol/frame.ts";
import type { Applicant } from "./services/applicant.ts";
import type { SignedInSession } from "./services/signed_in_session.ts";

export interface Identity {
  readonly account: SignedInSession["account"];
  readonly loginId: string;
}

/** A session, signed in or not. */
export interface Peer extends Applicant {
  /** Throws before the sign-in: the rules of the session allow no handler to ask then. */
  readonly session: SignedInSession;
  readonly isSignedIn: boolean;
  send(frame: ServerFrame): void;
  /** The `login` or `resume` succeeded. `false`: the session has ended meanwhile. */
  signIn(identity: Identity): boolean;
  /** It failed: tells the client, and ends the session after the last attempt. */
  refuseSignIn(code: ErrorCode, message?: string): void;
  /** Sends `bye` and ends the session in good order. */
  signOut(re: number): void;
}
