/** All settings of quiche. Many connections share one `Config`. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { TransportError, type TransportLimits } from "../transport.ts";
import type { NativeConfig, Quiche } from "./native.ts";

/** The largest UDP payload that is sent. It fits wherever 1400-byte IP packets do. */
export const MAX_DATAGRAM = 1350;
/** The largest that is received: Ethernet's MTU. */
const MAX_RECEIVE = 1500;
/**
 * The limit for the peer's connection IDs, and, since quiche has one limit for both, for paths. quiche
 * never forgets a path, but `path.ts` lets it use few.
 */
export const MAX_PATHS = 16;
/**
 * More bytes than a connection carries. Flow control is for streams only: quiche may not repeat a
 * MAX_DATA frame that was lost (`tests/protocol/transport/quiche/engine_faults_test.ts`), and the
 * peer would wait for ever.
 */
const NO_LIMIT = 2 ** 60;

interface Identity {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
}

/** With an identity for a server, without one for a client. Throws `TransportError`. */
export function makeConfig(
  quiche: Quiche,
  options: {
    readonly alpn: readonly string[];
    readonly limits: TransportLimits;
    readonly identity?: Identity;
    readonly logsKeys?: boolean;
  },
): NativeConfig {
  const { alpn, limits, identity, logsKeys } = options;
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
  // With CUBIC and Reno, this version's estimate of the round trip grows to seconds under loss.
  config.setCcAlgorithmName("bbr");
  config.enablePacing(true);
  if (logsKeys) config.logKeys();
  return config;
}

/** Asks for the server's certificate and accepts any: `dial` verifies it after the handshake. */
function clientConfig(quiche: Quiche): NativeConfig {
  return quiche.Config.withBoringSslCtx(true, true, null, null, null, null);
}

function serverConfig(quiche: Quiche, identity: Identity): NativeConfig {
  const pem = (text: string) => [new TextEncoder().encode(text)];
  const [key, chain] = [pem(identity.privateKey), pem(identity.certificate)];
  try {
    // BoringSSL notices a mismatch only at the first handshake.
    const fits = new X509Certificate(identity.certificate)
      .checkPrivateKey(createPrivateKey(identity.privateKey));
    if (!fits) throw new Error("The key is another certificate's");
    return quiche.Config.withBoringSslCtx(false, false, null, key, chain, null);
  } catch (cause) {
    const message = "Cannot use this certificate and key: both must be PEM, and belong together";
    throw new TransportError("certificate", message, { cause });
  }
}
