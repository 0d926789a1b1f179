/** Tells `onHandshake` how a handshake goes, with the time since it began. */
import { unmapped } from "./address.ts";
import type { Address, HandshakeEvent } from "./transport.ts";

type Details = Pick<
  HandshakeEvent,
  "alpn" | "serverName" | "sourceId" | "destinationId" | "reason"
>;

export class HandshakeLog {
  readonly #now: () => number;
  readonly #started: number;
  readonly #tell: ((event: HandshakeEvent) => void) | undefined;

  constructor(
    tell: ((event: HandshakeEvent) => void) | undefined,
    now: () => number,
    started = now(),
  ) {
    this.#tell = tell;
    this.#now = now;
    this.#started = started;
  }

  report(stage: HandshakeEvent["stage"], peer: Address, details: Details = {}): void {
    if (this.#tell === undefined) return;
    const hostname = unmapped(peer.hostname);
    const elapsed = this.#now() - this.#started;
    this.#tell({ stage, peer: { hostname, port: peer.port }, elapsed, ...details });
  }
}
