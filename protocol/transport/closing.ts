/** How connections end: the reasons that all engines share, on the wire and as text. */
import { CLOSE_NONE, type CloseReason } from "./transport.ts";

/** The longest reason, in bytes. */
export const MAX_REASON = 200;

export const HANDSHAKE_TIMED_OUT: CloseReason = {
  kind: "idle",
  code: 0,
  reason: "the handshake took too long",
  by: "local",
};

/** CONNECTION_REFUSED (RFC 9000, section 20.1). */
export function refused(reason: string): CloseReason {
  return { kind: "transport", code: 0x2, reason, by: "local" };
}

/** Why a handshake has given its place to another network's (`handshake_shares.ts`). */
export const GAVE_WAY = "too many clients of this network connect at once";

export const IDLE: CloseReason = {
  kind: "idle",
  code: 0,
  reason: "the peer was silent for too long",
  by: "local",
};

export const ABORTED: CloseReason = {
  kind: "application",
  code: CLOSE_NONE,
  reason: "cancelled",
  by: "local",
};

/** A reason as UTF-8, cut between characters so that it fits. */
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
      return `closed ${
        by === "local" ? "here" : "by the peer"
      } with transport error ${code}${text}`;
    case "idle":
    case "lost":
      return `lost${text}`;
  }
}
