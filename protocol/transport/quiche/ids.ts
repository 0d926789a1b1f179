/** Our connection IDs of one connection: the first, the spare ones, and those that are retired. */
import type { Endpoint } from "./endpoint.ts";
import { hex } from "./hex.ts";
import type { NativeConnection } from "./native.ts";
import type { QuicheConnection } from "./connection.ts";

/** The first and three spare ones. */
const MAX_IDS = 4;

export class Ids {
  readonly #connection: QuicheConnection;
  readonly #ids: Uint8Array[];
  #endpoint: Endpoint;

  constructor(connection: QuicheConnection, endpoint: Endpoint, first: Uint8Array) {
    this.#connection = connection;
    this.#endpoint = endpoint;
    this.#ids = [first];
    endpoint.route(first, connection);
  }

  /** Gives the peer spare IDs, so that it can move to another path without being recognised. */
  issue(quic: NativeConnection): void {
    const room = Math.min(quic.sourceCidsLeft(), MAX_IDS - this.#ids.length);
    for (let count = 0; count < room; count++) {
      const id = this.#endpoint.newId();
      // Never sent as a reset; the frame has a place for it that must not be guessed.
      const resetToken = BigInt(`0x${hex(this.#endpoint.random(16))}`);
      quic.newSourceCid(id, resetToken, false);
      this.#ids.push(id);
      this.#endpoint.route(id, this.#connection);
    }
  }

  /** Drops what the peer has retired, and replaces it. */
  retire(quic: NativeConnection): void {
    let retired = quic.retiredScidNext();
    if (retired === null) return;
    for (; retired !== null; retired = quic.retiredScidNext()) {
      const name = hex(retired);
      const at = this.#ids.findIndex((id) => hex(id) === name);
      if (at !== -1) this.#ids.splice(at, 1);
      this.#endpoint.unroute(retired);
    }
    this.issue(quic);
  }

  /** From now on they are heard at another socket. */
  move(endpoint: Endpoint): void {
    this.drop();
    this.#endpoint = endpoint;
    for (const id of this.#ids) endpoint.route(id, this.#connection);
  }

  /** They lead nowhere any more. */
  drop(): void {
    for (const id of this.#ids) this.#endpoint.unroute(id);
  }
}
