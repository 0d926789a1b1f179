/**
 * The addon: quiche 0.18 and BoringSSL, with the Node-API binding of `@matrixai/quic`. Sotto uses only
 * the binding of that package, never its classes.
 *
 * The addon is loaded at the first dial or listen, not at import: on a platform that it has no build
 * for, everything else must work.
 */
import type {
  Config as NativeConfig,
  Connection as NativeConnection,
  Host,
  Quiche,
  RecvInfo,
} from "@matrixai/quic/native/index.js";
import process from "node:process";
import { IDLE } from "../closing.ts";
import { type CloseReason, TransportError } from "../transport.ts";

export type { Host, NativeConfig, NativeConnection, Quiche, RecvInfo };

/** The binding's enum `Shutdown`, which exists only when the addon is loaded. */
export const SHUTDOWN_READ = 0;
export const SHUTDOWN_WRITE = 1;

/** Loads the addon. Throws `TransportError` if the platform has none. */
export type LoadQuiche = () => Promise<Quiche>;

export async function loadQuiche(
  importer: () => Promise<{ quiche: Quiche }> = () => import("@matrixai/quic/native/index.js"),
): Promise<Quiche> {
  try {
    return (await importer()).quiche;
  } catch (cause) {
    throw new TransportError(
      "unsupported",
      `Cannot use the quiche engine: it has no build for ${process.platform}-${process.arch}. ` +
        "Use the built-in QUIC engine (it needs Deno), or TLS.",
      { cause },
    );
  }
}

/**
 * The code in an error of the binding, such as 77 in `StreamReset(77)`. The binding throws plain
 * errors whose message is the Rust variant. No other function reads those.
 */
export function codeOf(error: unknown, variant: string): number | undefined {
  if (!(error instanceof Error) || !error.message.startsWith(`${variant}(`)) return undefined;
  const code = Number(error.message.slice(variant.length + 1, -1));
  return Number.isSafeInteger(code) ? code : undefined;
}

/** Why a connection ended that is draining or closed. */
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
