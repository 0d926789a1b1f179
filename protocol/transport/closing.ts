/** How connections end: reasons that all engines give, and their forms for the wire and for people. */
import { CLOSE_NONE, type CloseReason } from "./transport.ts";

/** A close reason's longest form, in bytes. */
export const MAX_REASON = 200;

export const HANDSHAKE_TIMED_OUT: CloseReason = {
  kind: "idle",
  code: 0,
  reason: "the handshake took too long",
  by: "local",
};

export const IDLE: CloseReason = {
  kind: "idle",
  code: 0,
  reason: "nothing was heard for too long",
  by: "local",
};

export const ABORTED: CloseReason = {
  kind: "application",
  code: CLOSE_NONE,
  reason: "given up",
  by: "local",
};

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
      return `closed ${
        by === "local" ? "here" : "by the peer"
      } with transport error ${code}${text}`;
    case "idle":
    case "lost":
      return `lost${text}`;
  }
}
