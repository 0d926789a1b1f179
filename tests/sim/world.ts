/**
 * Virtual time for everything in one process. Between two events all promises settle, and all
 * callbacks of this turn of the event loop run, so that the order of events is the seed's alone.
 *
 * It MUST be the only source of time in a simulation: nothing else may wait.
 */
import { setImmediate } from "node:timers";
import type { Clock } from "../../protocol/clock.ts";
import { Heap } from "./heap.ts";
import type { Trace } from "./trace.ts";

/** 2027, in milliseconds since 1970. */
const EPOCH = 1_800_000_000_000;
/** Virtual milliseconds, and events, after which a run is given up. */
const MOST_TIME = 60 * 60_000;
const MOST_EVENTS = 2_000_000;

export class World {
  readonly trace: Trace;
  readonly #heap = new Heap();
  #immediates: (() => void)[] = [];
  #now = 0;
  #count = 0;
  #waiting = 0;
  #external = 0;

  constructor(trace: Trace) {
    this.trace = trace;
  }

  /** Milliseconds since the start. */
  get now(): number {
    return this.#now;
  }

  /** Events so far. */
  get count(): number {
    return this.#count;
  }

  /** Callbacks that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  after(ms: number, callback: () => void): () => void {
    const due = this.#now + Math.max(0, ms);
    const timer = { due, order: this.#count++, callback: callback as (() => void) | undefined };
    this.#heap.push(timer);
    this.#waiting++;
    return () => {
      if (timer.callback !== undefined) this.#waiting--;
      timer.callback = undefined;
    };
  }

  /** Waits in virtual time. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** Runs the callback at the end of this turn. */
  soon(callback: () => void): void {
    this.#immediates.push(callback);
  }

  /** Work that needs no virtual time, and turns of the event loop of its own: waits for it. */
  async external<T>(work: Promise<T>): Promise<T> {
    this.#external++;
    try {
      return await work;
    } finally {
      this.#external--;
    }
  }

  note(what: string): void {
    this.trace.note(this.#now, what);
  }

  /** Runs events until the promise settles. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const settled = () => {
      done = true;
    };
    promise.then(settled, settled);
    await this.#settle();
    while (!done) {
      const timer = this.#heap.pop();
      if (timer === undefined) throw new Error("Nothing can happen any more");
      if (timer.due > MOST_TIME || this.#count > MOST_EVENTS) throw new Error("It never ends");
      const { callback } = timer;
      if (callback === undefined) continue;
      this.#now = timer.due;
      this.#count++;
      this.#waiting--;
      timer.callback = undefined;
      callback();
      await this.#settle();
    }
    return await promise;
  }

  /** Promises settle within one turn of the event loop. */
  async #settle(): Promise<void> {
    await turn();
    while (this.#external > 0) await turn();
    while (this.#immediates.length > 0) {
      const callbacks = this.#immediates;
      this.#immediates = [];
      for (const callback of callbacks) callback();
      await turn();
    }
  }
}

/** A process on a machine of the world. When it has died, none of its callbacks runs any more. */
export class Process implements Clock {
  readonly #world: World;
  readonly #skew: () => number;
  #alive = true;

  /** `skew`: milliseconds by which the machine's clock is wrong. */
  constructor(world: World, skew: () => number = () => 0) {
    this.#world = world;
    this.#skew = skew;
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  die(): void {
    this.#alive = false;
  }

  now = (): number => this.#world.now;

  time = (): number => Math.floor(EPOCH + this.#world.now + this.#skew());

  after = (ms: number, callback: () => void): () => void =>
    this.#world.after(ms, () => {
      if (this.#alive) callback();
    });

  soon = (callback: () => void): void =>
    this.#world.soon(() => {
      if (this.#alive) callback();
    });

  /** Waits in virtual time; for ever, if it dies meanwhile. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
