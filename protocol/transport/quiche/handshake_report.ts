/** Tells the log how one connection's handshake goes: what quiche has done, in the log's stages. */
import { describe } from "../closing.ts";
import type { HandshakeLog } from "../handshake.ts";
import type { CloseReason, Connection } from "../transport.ts";
import { isLong, parseLongHeader } from "./header.ts";

/** What the log wants to know of a connection. */
type Subject = Pick<Connection, "role" | "remote" | "alpn" | "serverName" | "ids">;

export class HandshakeReport {
  /** Whether the peer has ever answered. */
  heard = false;
  readonly #log: HandshakeLog;
  readonly #subject: Subject;

  constructor(log: HandshakeLog, subject: Subject) {
    this.#log = log;
    this.#subject = subject;
  }

  /** A datagram has come, and has not been decrypted yet. */
  observe(datagram: Uint8Array): void {
    this.heard = true;
    if (this.#subject.role === "server" || !isLong(datagram)) return;
    const header = parseLongHeader(datagram);
    if (header === undefined) return;
    if (header.version === 0) this.#log.report("version_negotiation", this.#subject.remote);
    else if (header.type === "retry") this.#log.report("retry", this.#subject.remote);
  }

  established(): void {
    const { alpn, remote, serverName } = this.#subject;
    const name = serverName === undefined ? {} : { serverName };
    this.#log.report("established", remote, { alpn, ...name, ...this.#ids() });
  }

  failed(reason: CloseReason): void {
    const { remote } = this.#subject;
    this.#log.report("failed", remote, { ...this.#ids(), reason: describe(reason) });
  }

  #ids() {
    const ids = this.#subject.ids();
    return ids && { sourceId: ids.source, destinationId: ids.destination };
  }
}
