/** How a connection ended, from quiche's view to ours. */
import { CLOSE_NONE, type CloseReason } from "../transport.ts";
import type { NativeConnection } from "./native.ts";

/** A close reason's longest form, in bytes. */
const MAX_REASON = 200;

export const HANDSHAKE_TIMED_OUT: CloseReason = {
  kind: "idle",
  code: 0,
  reason: "the handshake took too long",
  by: "local",
};

export const ABORTED: CloseReason = {
  kind: "application",
  code: CLOSE_NONE,
  reason: "given up",
  by: "local",
};

/** Reads it off a connection that is draining or closed. */
export function closeReason(quic: NativeConnection): CloseReason {
  const peer = quic.peerError();
  const error = peer ?? quic.localError();
  if (error === null) {
    return quic.isTimedOut()
      ? { kind: "idle", code: 0, reason: "nothing was heard for too long", by: "local" }
      : { kind: "lost", code: 0, reason: "", by: "local" };
  }
  return {
    kind: error.isApp ? "application" : "transport",
    code: error.errorCode,
    reason: new TextDecoder().decode(error.reason),
    by: peer === null ? "local" : "peer",
  };
}

/** A reason as UTF-8, cut at a character so that it fits. */
export function encodeReason(reason: string): Uint8Array {
  const bytes = new Uint8Array(MAX_REASON);
  const { written } = new TextEncoder().encodeInto(reason, bytes);
  return bytes.subarray(0, written);
}

export function describe({ kind, code, reason, by }: CloseReason): string {
  const text = reason === "" ? "" : `: ${reason}`;
  switch (kind) {
    case "application":
      return `closed ${by === "local" ? "here" : "by the peer"} with code ${code}${text}`;
    case "transport":
      return `closed ${by === "local" ? "here" : "by the peer"} with QUIC error ${code}${text}`;
    case "idle":
    case "lost":
      return `lost${text}`;
  }
}
