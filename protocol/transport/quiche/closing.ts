/** How a connection ended, from quiche's view to ours. */
import { IDLE } from "../closing.ts";
import type { CloseReason } from "../transport.ts";
import type { NativeConnection } from "./native.ts";

/** Reads it off a connection that is draining or closed. */
export function closeReason(quic: NativeConnection): CloseReason {
  const peer = quic.peerError();
  const error = peer ?? quic.localError();
  if (error === null) {
    return quic.isTimedOut() ? IDLE : { kind: "lost", code: 0, reason: "", by: "local" };
  }
  return {
    kind: error.isApp ? "application" : "transport",
    code: error.errorCode,
    reason: new TextDecoder().decode(error.reason),
    by: peer === null ? "local" : "peer",
  };
}
