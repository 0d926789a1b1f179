/** What services see of a session that has signed in: its account, and where to put its frames. */
import type { ErrorCode } from "../../protocol/errors.ts";
import type { Sender } from "./delivery.ts";

export interface SignedInSession extends Sender {
  readonly account: { readonly name: string; readonly number: number };
  /** The ID of its login: the token's `jti`. Devices that share a token share it. */
  readonly loginId: string;
  /** Ends the session with a fatal error. */
  abort(code: ErrorCode): void;
}
