/** quiche's settings: one Config serves many connections, and each setting is here or nowhere. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { TransportError, type TransportLimits } from "../transport.ts";
import type { NativeConfig, Quiche } from "./native.ts";

/** The largest UDP payload that we send: it crosses every path that carries 1400-byte IP packets. */
export const MAX_DATAGRAM = 1350;
/** The largest that we take; Ethernet's MTU. */
const MAX_RECEIVE = 1500;
/**
 * Connection IDs of the peer that we keep, and, since quiche takes one number for both, paths. It
 * never forgets a path, so that `path.ts` has it use few.
 */
export const MAX_PATHS = 16;
/**
 * More bytes than any connection carries: flow control is by stream alone. quiche may not repeat a
 * MAX_DATA frame that was lost (`tests/protocol/transport/quiche/engine_faults_test.ts`), and the
 * peer would wait for it for ever.
 */
const NO_LIMIT = 2 ** 60;

interface Identity {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
}

/** A server's Config has an identity; a client's has none, and sees the server's certificate. */
export function makeConfig(
  quiche: Quiche,
  options: { alpn: readonly string[]; limits: TransportLimits; identity?: Identity },
): NativeConfig {
  const { alpn, limits, identity } = options;
  const config = identity === undefined ? clientConfig(quiche) : serverConfig(quiche, identity);
  config.setApplicationProtos([...alpn]);
  config.setMaxIdleTimeout(limits.idleTimeout);
  config.setMaxRecvUdpPayloadSize(MAX_RECEIVE);
  config.setMaxSendUdpPayloadSize(MAX_DATAGRAM);
  config.setInitialMaxData(NO_LIMIT);
  config.setInitialMaxStreamDataBidiLocal(limits.streamWindow);
  config.setInitialMaxStreamDataBidiRemote(limits.streamWindow);
  config.setInitialMaxStreamDataUni(0);
  config.setInitialMaxStreamsBidi(limits.maxStreams);
  config.setInitialMaxStreamsUni(0);
  config.setMaxStreamWindow(limits.streamWindow);
  config.setMaxConnectionWindow(NO_LIMIT);
  config.setActiveConnectionIdLimit(MAX_PATHS);
  // With CUBIC and Reno this version's round-trip estimate runs away under loss: seconds, not tens
  // of milliseconds.
  config.setCcAlgorithmName("bbr");
  config.enablePacing(true);
  return config;
}

/** Asks for the chain and lets any pass: the caller's pin decides, once the handshake is done. */
function clientConfig(quiche: Quiche): NativeConfig {
  return quiche.Config.withBoringSslCtx(true, true, null, null, null, null);
}

function serverConfig(quiche: Quiche, identity: Identity): NativeConfig {
  const pem = (text: string) => [new TextEncoder().encode(text)];
  const [key, chain] = [pem(identity.privateKey), pem(identity.certificate)];
  try {
    // BoringSSL would notice in the first handshake only.
    const fits = new X509Certificate(identity.certificate)
      .checkPrivateKey(createPrivateKey(identity.privateKey));
    if (!fits) throw new Error("The key is another certificate's");
    return quiche.Config.withBoringSslCtx(false, false, null, key, chain, null);
  } catch (cause) {
    const message = "Cannot use this certificate and key: both must be PEM, and belong together";
    throw new TransportError("certificate", message, { cause });
  }
}
