/** Reports the stages of a handshake to `onHandshake`, with the time since it began. */
import { unmapped } from "./address.ts";
import type { Address, HandshakeEvent } from "./transport.ts";

type Details = Pick<
  HandshakeEvent,
  "alpn" | "serverName" | "sourceId" | "destinationId" | "reason"
>;

export class HandshakeLog {
  readonly #now: () => number;
  readonly #started: number;
  readonly #report: ((event: HandshakeEvent) => void) | undefined;

  constructor(
    report: ((event: HandshakeEvent) => void) | undefined,
    now: () => number,
    started = now(),
  ) {
    this.#report = report;
    this.#now = now;
    this.#started = started;
  }

  report(stage: HandshakeEvent["stage"], peer: Address, details: Details = {}): void {
    if (this.#report === undefined) return;
    const hostname = unmapped(peer.hostname);
    const elapsed = this.#now() - this.#started;
    this.#report({ stage, peer: { hostname, port: peer.port }, elapsed, ...details });
  }
}
