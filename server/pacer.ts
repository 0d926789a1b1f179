/**
 * When work that can wait goes on: while few datagrams wait to be read, so that a flood of one kind
 * does not delay everything else. It does not know what the work is.
 *
 * A server is behind when many datagrams wait in the kernel. Its event loop does not show it: a turn
 * reads few datagrams, and stays short. Where the kernel does not say how many wait, work goes on at
 * the next turn.
 */
import { setImmediate } from "node:timers";
import type { Clock } from "../protocol/clock.ts";

/** Work of which one piece is done in a turn of the event loop, in the order in which it came. */
type Piece = "handshake" | "chunk";

/** Milliseconds between two pieces of work that do not wait for a server that is behind. */
const SLOWEST = { handshake: 10, chunk: 20 } as const satisfies Record<Piece, number>;

interface PacerOptions {
  readonly clock: Pick<Clock, "now">;
  /** Runs the callback at the end of this turn of the event loop. */
  readonly schedule?: ((callback: () => void) => void) | undefined;
}

type Go = () => void;

interface Lane {
  readonly slowest: number;
  readonly waiting: Go[];
  /** When the last piece went on. */
  wentAt: number;
}

/** Bytes of datagrams that wait, as the kernel counts them: some 50 datagrams, or a millisecond. */
const FEW = 128 * 1024;

export class Pacer {
  readonly #clock: Pick<Clock, "now">;
  readonly #schedule: (callback: () => void) => void;
  #unread: () => number = () => 0;
  #all: { readonly until: number; readonly go: Go }[] = [];
  readonly #lanes = { handshake: laneOf("handshake"), chunk: laneOf("chunk") };
  #scheduled = false;
  /** When the last handshake began, in the turn before; and when the next may begin. */
  #begunAt: number | undefined;
  #restsUntil = -Infinity;

  constructor({ clock, schedule = setImmediate }: PacerOptions) {
    this.#clock = clock;
    this.#schedule = schedule;
  }

  /** `unread`: bytes of datagrams that have arrived and wait to be read. */
  watch(unread: () => number): void {
    this.#unread = unread;
  }

  /** Resolves at the end of a turn, when few datagrams wait; or after `most` milliseconds. */
  caughtUp(most: number): Promise<void> {
    return new Promise((go) => {
      this.#all.push({ until: this.#clock.now() + most, go });
      this.#scheduleTurn();
    });
  }

  /**
   * The same for one piece of work in each turn. A server that is behind lets one go on now and then
   * (`SLOWEST`). A handshake waits besides for as long as the turn took in which the one before was
   * begun: all of them together take half of the time.
   */
  turn(piece: Piece): Promise<void> {
    return new Promise((go) => {
      this.#lanes[piece].waiting.push(go);
      this.#scheduleTurn();
    });
  }

  #scheduleTurn(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(this.#onTurn);
  }

  readonly #onTurn = () => {
    this.#scheduled = false;
    const now = this.#clock.now();
    if (this.#begunAt !== undefined) this.#restsUntil = now + (now - this.#begunAt);
    this.#begunAt = undefined;
    const isCaughtUp = this.#unread() < FEW;
    const all = this.#all;
    this.#all = [];
    for (const one of all) {
      if (isCaughtUp || one.until <= now) one.go();
      else this.#all.push(one);
    }
    const { handshake, chunk } = this.#lanes;
    if (goOn(handshake, isCaughtUp && now >= this.#restsUntil, now)) this.#begunAt = now;
    goOn(chunk, isCaughtUp, now);
    const waiting = this.#all.length + handshake.waiting.length + chunk.waiting.length;
    if (waiting > 0) this.#scheduleTurn();
  };
}

function laneOf(piece: Piece): Lane {
  return { slowest: SLOWEST[piece], waiting: [], wentAt: -Infinity };
}

/** Lets the next piece go on, if it may or if it is time for one. */
function goOn(lane: Lane, may: boolean, now: number): boolean {
  if (!may && now - lane.wentAt < lane.slowest) return false;
  const go = lane.waiting.shift();
  if (go === undefined) return false;
  lane.wentAt = now;
  go();
  return true;
}
