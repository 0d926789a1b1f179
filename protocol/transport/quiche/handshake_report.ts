/** Reports the handshake of one connection in the stages of the log. */
import { describe } from "../closing.ts";
import type { HandshakeLog } from "../handshake.ts";
import type { Address, CloseReason } from "../transport.ts";
import { isLong, parseLongHeader } from "./header.ts";

/** Both connection IDs, hex. */
export interface ConnectionIdPair {
  readonly source: string;
  readonly destination: string;
}

/** What was agreed. */
interface Established {
  readonly alpn: string;
  readonly serverName: string | undefined;
}

export class HandshakeReport {
  /** Whether the peer has ever answered. */
  heard = false;
  readonly #log: HandshakeLog;
  readonly #role: "client" | "server";

  constructor(log: HandshakeLog, role: "client" | "server") {
    this.#log = log;
    this.#role = role;
  }

  /** A datagram has come, and is not decrypted yet. */
  observe(datagram: Uint8Array, peer: Address): void {
    this.heard = true;
    if (this.#role === "server" || !isLong(datagram)) return;
    const header = parseLongHeader(datagram);
    if (header === undefined) return;
    if (header.version === 0) this.#log.report("version_negotiation", peer);
    else if (header.type === "retry") this.#log.report("retry", peer);
  }

  established({ alpn, serverName }: Established, peer: Address, ids: ConnectionIdPair): void {
    const name = serverName === undefined ? {} : { serverName };
    this.#log.report("established", peer, { alpn, ...name, ...inLog(ids) });
  }

  failed(reason: CloseReason, peer: Address, ids: ConnectionIdPair): void {
    this.#log.report("failed", peer, { ...inLog(ids), reason: describe(reason) });
  }
}

function inLog({ destination, source }: ConnectionIdPair) {
  return { sourceId: source, destinationId: destination };
}
