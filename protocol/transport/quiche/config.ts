/** quiche's settings: one Config serves many connections, and each setting is here or nowhere. */
import type { TransportLimits } from "../transport.ts";
import type { NativeConfig, Quiche } from "./native.ts";

/** The largest UDP payload that we send: it crosses every path that carries 1400-byte IP packets. */
export const MAX_DATAGRAM = 1350;
/** The largest that we take; Ethernet's MTU. */
const MAX_RECEIVE = 1500;
/** Connection IDs of the peer that we keep, so that either end can move to a new path. */
const ACTIVE_IDS = 4;

export interface Identity {
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
  const pem = (text: string) => [new TextEncoder().encode(text)];
  const config = identity === undefined
    // Asks for the chain and lets any pass: the caller's pin decides, once the handshake is done.
    ? quiche.Config.withBoringSslCtx(true, true, null, null, null, null)
    : quiche.Config.withBoringSslCtx(
      false,
      false,
      null,
      pem(identity.privateKey),
      pem(identity.certificate),
      null,
    );
  config.setApplicationProtos([...alpn]);
  config.setMaxIdleTimeout(limits.idleTimeout);
  config.setMaxRecvUdpPayloadSize(MAX_RECEIVE);
  config.setMaxSendUdpPayloadSize(MAX_DATAGRAM);
  config.setInitialMaxData(limits.connectionWindow);
  config.setInitialMaxStreamDataBidiLocal(limits.streamWindow);
  config.setInitialMaxStreamDataBidiRemote(limits.streamWindow);
  config.setInitialMaxStreamDataUni(0);
  config.setInitialMaxStreamsBidi(limits.maxStreams);
  config.setInitialMaxStreamsUni(0);
  config.setMaxStreamWindow(limits.streamWindow);
  config.setMaxConnectionWindow(limits.connectionWindow);
  config.setActiveConnectionIdLimit(ACTIVE_IDS);
  // With CUBIC and Reno this version's round-trip estimate runs away under loss: seconds, not tens
  // of milliseconds.
  config.setCcAlgorithmName("bbr");
  config.enablePacing(true);
  return config;
}
