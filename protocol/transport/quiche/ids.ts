/** Our connection IDs of one connection: the first, the spare ones, and those that are retired. */
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Endpoint, Receiver } from "./endpoint.ts";
import type { NativeConnection } from "./native.ts";

/** The first and three spare ones. */
const MAX_IDS = 4;

export class Ids {
  readonly #connection: Receiver;
  #ids: Uint8Array[] = [];
  #endpoint: Endpoint;

  constructor(connection: Receiver, endpoint: Endpoint) {
    this.#connection = connection;
    this.#endpoint = endpoint;
  }

  /** From now on datagrams for this ID come to the connection. */
  add(id: Uint8Array): void {
    this.#ids.push(id);
    this.#endpoint.route(id, this.#connection);
  }

  /** Nobody uses this ID any more. */
  remove(id: Uint8Array): void {
    const name = bytesToHex(id);
    this.#ids = this.#ids.filter((one) => bytesToHex(one) !== name);
    this.#endpoint.unroute(id);
  }

  /** Gives the peer spare IDs, so that it can move to another path without being recognised. */
  issue(quic: NativeConnection): void {
    const room = Math.min(quic.sourceCidsLeft(), MAX_IDS - quic.activeSourceCids());
    for (let count = 0; count < room; count++) {
      const id = this.#endpoint.newId();
      // Never used; but the frame has a place for it, and what stands there must not be guessed.
      const resetToken = BigInt(`0x${bytesToHex(this.#endpoint.random(16))}`);
      quic.newSourceCid(id, resetToken, false);
      this.add(id);
    }
  }

  /** Drops what the peer has retired, and replaces it. */
  retire(quic: NativeConnection): void {
    let retired = quic.retiredScidNext();
    if (retired === null) return;
    for (; retired !== null; retired = quic.retiredScidNext()) this.remove(retired);
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
