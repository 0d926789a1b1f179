/** Moves what quiche has to send into datagrams and to the socket, within all bounds. */
import { MAX_DATAGRAM } from "./config.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Loop, Task } from "./loop.ts";
import type { NativeConnection } from "./native.ts";
import type { Path } from "./path.ts";
import type { UdpAddress } from "./socket.ts";

/** Datagrams that one connection sends in one turn, before the others have theirs. */
const BURST = 64;
/** Datagrams of this length or more may be followed by others; what is shorter ends a burst. */
const NEARLY_FULL = MAX_DATAGRAM - 100;
/** Milliseconds: beyond what a lost datagram takes to be sent again. */
const THOROUGH_TIME = 1_000;
/** How often a closed connection repeats its close to a peer that still sends. */
const MAX_FAREWELLS = 8;

export class Sender {
  readonly #task: Task;
  readonly #loop: Loop;
  readonly #path: Path;
  /** It may change in the midst of a connection. */
  endpoint: Endpoint;
  /** When something was last sent. */
  lastSent: number;
  /** Until when `sendAll` goes on until quiche has nothing more. */
  #thoroughUntil: number;
  /** Whether what is sent is a close, which quiche gives but once. */
  closing = false;
  #close: Uint8Array | undefined;
  #farewells = 0;

  constructor(task: Task, loop: Loop, path: Path, endpoint: Endpoint) {
    this.#task = task;
    this.#loop = loop;
    this.#path = path;
    this.endpoint = endpoint;
    this.lastSent = loop.now();
    this.#thoroughUntil = this.lastSent + THOROUGH_TIME;
  }

  /**
   * Something is under way beside the newest bytes of one stream: another stream, or something that
   * was lost. quiche puts but one stretch of one stream into a datagram, so that for some time a
   * short one does not mean that there is nothing more. (Mostly it does: that saves a call each.)
   */
  beThorough(): void {
    this.#thoroughUntil = this.#loop.now() + THOROUGH_TIME;
  }

  get thorough(): boolean {
    return this.closing || !this.#path.settled || this.#loop.time < this.#thoroughUntil;
  }

  /** Sends what there is, as far as this turn and the peer's address allow. Throws quiche's errors. */
  sendAll(quic: NativeConnection): void {
    if (this.#path.visiting && !this.closing) return;
    const { thorough } = this;
    for (let count = 0; count < BURST; count++) {
      const { allowance } = this.#path;
      if (allowance === 0) return;
      const length = this.#sendOne(quic, allowance);
      if (length === undefined) break;
      if (length === 0 || (length < NEARLY_FULL && !thorough)) return;
    }
    this.#loop.touch(this.#task);
  }

  /** Sends a copy of a datagram that quiche has made; loses it where no slot is free. */
  readonly emit = (datagram: Uint8Array, to: UdpAddress): void => {
    const slot = this.#loop.slot();
    if (slot === undefined) return;
    slot.bytes.set(datagram);
    this.lastSent = this.#loop.time;
    this.endpoint.send(slot, datagram.length, to, this.#task);
  };

  /** Repeats the close to a peer that has missed it (RFC 9000, section 10.2.1). */
  repeatClose(): void {
    if (this.#close === undefined || this.#farewells === MAX_FAREWELLS) return;
    const slot = this.#loop.slot();
    if (slot === undefined) return;
    this.#farewells++;
    slot.bytes.set(this.#close);
    this.endpoint.send(slot, this.#close.length, this.#path.remote, this.#task);
  }

  /** Sends one datagram; returns its length, 0 where there was none, nothing where no slot is free. */
  #sendOne(quic: NativeConnection, room: number): number | undefined {
    const slot = this.#loop.slot();
    if (slot === undefined) return undefined;
    let length: number;
    try {
      const out = room < MAX_DATAGRAM ? slot.bytes.subarray(0, room) : slot.bytes;
      length = this.#path.next(quic, out, this.closing);
    } catch (error) {
      slot.release();
      throw error;
    }
    if (length === 0) {
      slot.release();
      return 0;
    }
    this.#path.count(length);
    this.lastSent = this.#loop.time;
    if (this.closing) this.#close = slot.bytes.slice(0, length);
    this.endpoint.send(slot, length, this.#path.remote, this.#task);
    return length;
  }
}
