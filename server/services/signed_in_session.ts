/**
 * What services see of a session that has signed in: its account, and where to put its frames.
 * `peer_connection.ts` implements it.
 */
import type { ErrorCode } from "../../protocol/errors.ts";

/** A session, as far as others send to it. */
export interface Recipient {
  /** Takes one or several whole frames, which other recipients share. */
  push(frames: Uint8Array): void;
}

/** A session that has sent a message. */
export interface Sender extends Recipient {
  /** Takes the `ack` or the `error` of one of its messages. */
  answer(frame: Uint8Array): void;
}

export interface SignedInSession extends Sender {
  readonly account: { readonly name: string; readonly number: number };
  /** The client's IP address. */
  readonly address: string;
  /** The ID of its login: the token's `jti`. Devices that share a token share it. */
  readonly loginId: string;
  /** Where it is: an IPv4 address, or the first 64 bits of an IPv6 address. */
  readonly network: string;
  /** Ends the session with a fatal error. */
  abort(code: ErrorCode): void;
}
