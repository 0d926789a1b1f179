/**
 * The connection IDs that one connection has given its peer (RFC 9000, section 5.1): issues spare
 * ones, replaces those that the peer retires, and routes the datagrams of all of them.
 */
import { bytesToHex } from "@noble/hashes/utils.js";
import { assert } from "../../assert.ts";
import type { Endpoint, Receiver } from "./endpoint.ts";
import type { NativeConnection } from "./native.ts";

/** The first and three spare ones. */
const MAX_IDS = 4;
/** The first one and the client's own choice are routed beside those that quiche counts. */
const MAX_ROUTED = MAX_IDS + 1;
const RESET_TOKEN_LENGTH = 16;

export class ConnectionIds {
  readonly #receiver: Receiver;
  #ids: Uint8Array[] = [];
  #endpoint: Endpoint;

  /** Datagrams for the IDs go to `receiver`. */
  constructor(endpoint: Endpoint, receiver: Receiver) {
    this.#endpoint = endpoint;
    this.#receiver = receiver;
  }

  /** Routes an ID. */
  add(id: Uint8Array): void {
    this.#ids.push(id);
    this.#endpoint.route(id, this.#receiver);
    assert(this.#ids.length <= MAX_ROUTED, "a connection has few IDs");
  }

  /** Issues spare IDs, so that the peer can use another one on another path. */
  issue(quic: NativeConnection): void {
    const room = Math.min(quic.sourceCidsLeft(), MAX_IDS - quic.activeSourceCids());
    for (let count = 0; count < room; count++) {
      const id = this.#endpoint.newId();
      // Sotto sends no stateless resets, but the frame needs a random token.
      const resetToken = BigInt(`0x${bytesToHex(this.#endpoint.random(RESET_TOKEN_LENGTH))}`);
      quic.newSourceCid(id, resetToken, false);
      this.add(id);
    }
  }

  /** Unroutes the IDs that the peer has retired, and issues others. */
  replaceRetired(quic: NativeConnection): void {
    let retired = quic.retiredScidNext();
    if (retired === null) return;
    for (; retired !== null; retired = quic.retiredScidNext()) this.#remove(retired);
    this.issue(quic);
  }

  /** Routes all IDs at another socket, and no longer at this one. */
  moveTo(endpoint: Endpoint): void {
    this.unrouteAll();
    this.#endpoint = endpoint;
    for (const id of this.#ids) endpoint.route(id, this.#receiver);
  }

  unrouteAll(): void {
    for (const id of this.#ids) this.#endpoint.unroute(id);
  }

  #remove(id: Uint8Array): void {
    const name = bytesToHex(id);
    this.#ids = this.#ids.filter((one) => bytesToHex(one) !== name);
    this.#endpoint.unroute(id);
  }
}
