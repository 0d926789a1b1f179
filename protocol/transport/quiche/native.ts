/**
 * The addon: quiche 0.18 and BoringSSL, through the Node-API binding inside `@matrixai/quic`. Of that
 * package Sotto uses the binding alone, never its classes.
 *
 * The addon is loaded at the first dial or listen, not at import: a platform without a build of it
 * must still be able to run what does not need it.
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

/** `Shutdown` of the binding, which is an enum that exists only once the addon is loaded. */
export const SHUTDOWN_READ = 0;
export const SHUTDOWN_WRITE = 1;

/** Fetches the addon; throws where there is none. */
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
 * The code inside one of the binding's errors, `StreamReset(77)` say. The binding throws plain
 * errors whose message is the Rust variant: this is the one place that reads them.
 */
export function codeOf(error: unknown, variant: string): number | undefined {
  if (!(error instanceof Error) || !error.message.startsWith(`${variant}(`)) return undefined;
  const code = Number(error.message.slice(variant.length + 1, -1));
  return Number.isSafeInteger(code) ? code : undefined;
}

/** How a connection ended that is draining or closed. */
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
