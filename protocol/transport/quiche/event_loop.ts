/**
 * The engine's event loop, one for all sockets and connections. It lets each connection that has
 * something to send flush once in each turn of the runtime's loop, and wakes those whose deadline
 * has come. It knows no QUIC.
 */
import { setImmediate } from "node:timers";
import { assert } from "../../assert.ts";
import type { Clock } from "../../clock.ts";
import { MAX_DATAGRAM } from "./config.ts";
import { type Timed, TimerWheel } from "./timer_wheel.ts";

/** What takes part in the loop: a connection. */
export interface Task extends Timed {
  /** Whether `flush` is scheduled. `touch` sets it; the task clears it before it sends. */
  dirty: boolean;
  /** Sends what there is to send, once in each turn. */
  flush(): void;
  /** Its deadline has come. */
  wake(): void;
}

/** A buffer for one outgoing datagram, in use until the kernel has it. */
export interface Slot {
  readonly bytes: Uint8Array;
  /** Called if the kernel does not take the datagram. */
  onFailed: ((error: Error) => void) | undefined;
  /** Both free the slot. They are bound, so that a promise needs no closure to call them. */
  readonly release: () => void;
  readonly fail: (error: Error) => void;
}

/** Less than the 25 ms by which an acknowledgement may be late (RFC 9000, section 18.2). */
const SOON = 10;
/** Datagrams on their way to the kernel (5.5 MB). At the limit, flushing waits for them. */
const MAX_SLOTS = 4096;

export class EventLoop {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** `now` at the beginning of this turn, which is exact enough for `flush` and `wake`. */
  time: number;
  /** Where a stream's bytes are put before a chunk is cut from them. */
  readonly scratch = new Uint8Array(64 * 1024);
  /** Buffers of `SendHalf` that are not in use. */
  readonly spare: Uint8Array[] = [];
  readonly #clock: Pick<Clock, "after">;
  readonly #wheel: TimerWheel<Task>;
  readonly #free: Slot[] = [];
  #slots = 0;
  #dirty: Task[] = [];
  #scheduled = false;
  #cancelTimer: (() => void) | undefined;
  /** When the timer fires. */
  #wakeAt = Infinity;

  constructor(clock: Pick<Clock, "now" | "after">) {
    this.#clock = clock;
    this.now = clock.now;
    this.time = this.now();
    this.#wheel = new TimerWheel(this.time);
  }

  /** Lets a task flush in this turn. */
  touch(task: Task): void {
    if (task.dirty) return;
    task.dirty = true;
    this.#dirty.push(task);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  }

  /** Lets a task flush soon, alone or with what it has to send by then. */
  touchSoon(task: Task): void {
    if (task.dirty) return;
    const soon = this.time + SOON;
    if (task.due > soon) this.wakeAt(task, soon);
  }

  /** Sets a task's one deadline; `Infinity`: none. */
  wakeAt(task: Task, due: number): void {
    this.#wheel.set(task, due);
    if (due < this.#wakeAt) this.#arm();
  }

  /** Removes a task. */
  drop(task: Task): void {
    this.#wheel.delete(task);
    if (this.#wheel.size > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#wakeAt = Infinity;
  }

  /** A free slot; `undefined` while too many are in use. */
  slot(): Slot | undefined {
    const slot = this.#free.pop();
    if (slot !== undefined) return slot;
    if (this.#slots === MAX_SLOTS) return undefined;
    this.#slots++;
    return this.#makeSlot();
  }

  #makeSlot(): Slot {
    const release = () => {
      slot.onFailed = undefined;
      this.#free.push(slot);
      assert(this.#free.length <= this.#slots, "a slot is freed once");
    };
    const fail = (error: Error) => {
      const { onFailed } = slot;
      release();
      onFailed?.(error);
    };
    const slot: Slot = { bytes: new Uint8Array(MAX_DATAGRAM), onFailed: undefined, release, fail };
    return slot;
  }

  readonly #flush = (): void => {
    const tasks = this.#dirty;
    this.#dirty = [];
    this.#scheduled = false;
    this.time = this.now();
    for (const task of tasks) task.flush();
  };

  /** Sets the timer, if there is none or it would fire too late. */
  #arm(): void {
    const next = this.#wheel.next();
    if (next === undefined || next >= this.#wakeAt) return;
    this.#cancelTimer?.();
    this.#wakeAt = next;
    this.#cancelTimer = this.#clock.after(Math.max(1, next - this.now()), this.#tick);
  }

  readonly #tick = (): void => {
    this.#cancelTimer = undefined;
    this.#wakeAt = Infinity;
    this.time = this.now();
    this.#wheel.advance(this.time, wake);
    this.#arm();
  };
}

function wake(task: Task): void {
  task.wake();
}
