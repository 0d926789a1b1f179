/** Takes datagrams of one connection out of quiche and hands them to the socket, within all bounds. */
import { assert } from "../../assert.ts";
import { MAX_DATAGRAM } from "./config.ts";
import type { Endpoint } from "./endpoint.ts";
import type { EventLoop } from "./event_loop.ts";
import type { NativeConnection } from "./native.ts";
import type { Path } from "./path.ts";
import type { UdpAddress } from "./socket.ts";

/** Datagrams that one connection sends in one turn, before others have theirs. */
const BURST = 64;
/** A shorter datagram usually means that quiche has nothing more to send. */
const NEARLY_FULL = MAX_DATAGRAM - 100;
/** Milliseconds: longer than a lost datagram takes to be sent again. */
const THOROUGH_TIME = 1_000;
/** How often a closed connection repeats its close to a peer that still sends. */
const MAX_REPEATED_CLOSES = 8;

interface DatagramSenderOptions {
  readonly loop: Pick<EventLoop, "now" | "time" | "slot">;
  readonly path: Path;
  readonly endpoint: Endpoint;
  /** The kernel did not take a datagram. */
  readonly onFailed: (error: Error) => void;
}

export class DatagramSender {
  readonly #loop: DatagramSenderOptions["loop"];
  readonly #path: Path;
  readonly #onFailed: (error: Error) => void;
  /** The socket, which `rebind` replaces. */
  endpoint: Endpoint;
  /** When something was last sent. */
  lastSent: number;
  #thoroughUntil: number;
  #closing = false;
  /** The datagram with the close, which quiche gives only once. */
  #close: Uint8Array | undefined;
  #repeatedCloses = 0;

  constructor({ endpoint, loop, onFailed, path }: DatagramSenderOptions) {
    this.#loop = loop;
    this.#path = path;
    this.#onFailed = onFailed;
    this.endpoint = endpoint;
    this.lastSent = loop.now();
    this.#thoroughUntil = this.lastSent + THOROUGH_TIME;
  }

  /** What quiche sends from now on is the close. */
  startClosing(): void {
    this.#closing = true;
  }

  /**
   * For some time, asks quiche for datagrams until it has none: a second stream has data, or
   * something was lost. quiche puts one stretch of one stream into a datagram, so that a short
   * datagram may then be followed by others. Otherwise one call for each burst is saved.
   */
  beThorough(): void {
    this.#thoroughUntil = this.#loop.now() + THOROUGH_TIME;
  }

  get thorough(): boolean {
    return this.#closing || !this.#path.settled || this.#loop.time < this.#thoroughUntil;
  }

  /**
   * Sends what quiche has, as far as this turn and the peer's address allow. Returns whether there
   * may be more for the next turn. Throws quiche's errors.
   */
  sendAll(quic: NativeConnection): boolean {
    if (this.#path.visiting && !this.#closing) return false;
    const { thorough } = this;
    for (let count = 0; count < BURST; count++) {
      const { allowance } = this.#path;
      if (allowance === 0) return false;
      const length = this.#sendOne(quic, allowance);
      if (length === undefined) return true;
      if (length === 0 || (length < NEARLY_FULL && !thorough)) return false;
    }
    return true;
  }

  /** Sends a copy of a datagram that quiche has made. Drops it if no slot is free. */
  readonly emit = (datagram: Uint8Array, to: UdpAddress): void => {
    const slot = this.#loop.slot();
    if (slot === undefined) return;
    slot.bytes.set(datagram);
    this.lastSent = this.#loop.time;
    this.endpoint.send(slot, datagram.length, to, this.#onFailed);
  };

  /** Repeats the close to a peer that still sends (RFC 9000, section 10.2.1). */
  repeatClose(): void {
    if (this.#close === undefined || this.#repeatedCloses === MAX_REPEATED_CLOSES) return;
    this.#repeatedCloses++;
    this.emit(this.#close, this.#path.remote);
  }

  /** Sends one datagram. Returns its length, 0 if there was none, `undefined` if no slot is free. */
  #sendOne(quic: NativeConnection, room: number): number | undefined {
    const slot = this.#loop.slot();
    if (slot === undefined) return undefined;
    let length: number;
    try {
      const out = room < MAX_DATAGRAM ? slot.bytes.subarray(0, room) : slot.bytes;
      length = this.#path.next(quic, out, this.#closing);
    } catch (error) {
      slot.release();
      throw error;
    }
    if (length === 0) {
      slot.release();
      return 0;
    }
    assert(length <= room, "a datagram is no longer than its address may get");
    this.#path.count(length);
    this.lastSent = this.#loop.time;
    if (this.#closing) this.#close = slot.bytes.slice(0, length);
    this.endpoint.send(slot, length, this.#path.remote, this.#onFailed);
    return length;
  }
}
