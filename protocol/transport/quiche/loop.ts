/**
 * The engine's own event loop, one for all sockets and connections: it lets every connection that
 * has something to send flush once per turn of the runtime's loop, and wakes those whose time has
 * come. It knows no QUIC.
 */
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import { MAX_DATAGRAM } from "./config.ts";
import { type Timed, Wheel } from "./wheel.ts";

/** What takes part in the loop: a connection. */
export interface Task extends Timed {
  /** Whether it waits for `flush`: set by `touch`, cleared by the task before it sends. */
  dirty: boolean;
  /** Sends what there is to send, once per turn. */
  flush(): void;
  /** Its deadline has come. */
  wake(): void;
  /** The kernel refused one of its datagrams. */
  sendFailed(error: Error): void;
}

/** A buffer for one outgoing datagram, taken until the kernel has it. */
export interface Slot {
  readonly bytes: Uint8Array;
  /** Whom to tell when the kernel does not take it. */
  sender: Task | undefined;
  /** Give the slot back. Bound, so that a promise can call them without a closure of its own. */
  readonly release: () => void;
  readonly fail: (error: Error) => void;
}

/** Less than the 25 ms by which an acknowledgement may be late (RFC 9000, section 18.2). */
const SOON = 10;
/** Datagrams on their way to the kernel at once (5.5 MB); past it, flushing waits for them. */
const MAX_SLOTS = 4096;

export class Loop {
  /** Milliseconds, from any fixed point. */
  readonly now: () => number;
  /** What `now` said when this turn began: for `flush` and `wake`, which need no better. */
  time: number;
  /** Where a stream's bytes land before the caller's own chunk is cut from them. */
  readonly scratch = new Uint8Array(64 * 1024);
  /** Buffers for small writes that nobody uses just now (`send_half.ts`). */
  readonly spare: Uint8Array[] = [];
  readonly #wheel: Wheel<Task>;
  readonly #free: Slot[] = [];
  #slots = 0;
  #dirty: Task[] = [];
  #scheduled = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When `#timer` fires. */
  #wakeAt = Infinity;

  constructor(now: () => number) {
    this.now = now;
    this.time = now();
    this.#wheel = new Wheel(this.time);
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

  /** Lets a task flush a little later, by itself or with what it has to send by then. */
  touchSoon(task: Task): void {
    if (task.dirty) return;
    const soon = this.time + SOON;
    if (task.due > soon) this.wakeAt(task, soon);
  }

  /** Wakes a task at a time; `Infinity`: never. A task has one deadline. */
  wakeAt(task: Task, due: number): void {
    this.#wheel.set(task, due);
    if (due < this.#wakeAt) this.#arm();
  }

  /** Forgets a task. */
  drop(task: Task): void {
    this.#wheel.delete(task);
    if (this.#wheel.size > 0 || this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wakeAt = Infinity;
  }

  /** A slot, or `undefined` while too many are under way. */
  slot(): Slot | undefined {
    const slot = this.#free.pop();
    if (slot !== undefined) return slot;
    if (this.#slots === MAX_SLOTS) return undefined;
    this.#slots++;
    return this.#makeSlot();
  }

  #makeSlot(): Slot {
    const release = () => {
      slot.sender = undefined;
      this.#free.push(slot);
    };
    const fail = (error: Error) => {
      const { sender } = slot;
      release();
      sender?.sendFailed(error);
    };
    const slot: Slot = { bytes: new Uint8Array(MAX_DATAGRAM), sender: undefined, release, fail };
    return slot;
  }

  readonly #flush = (): void => {
    const tasks = this.#dirty;
    this.#dirty = [];
    this.#scheduled = false;
    this.time = this.now();
    for (const task of tasks) task.flush();
  };

  /** Sets the one timer where none is set, or where it would fire too late. */
  #arm(): void {
    const next = this.#wheel.next();
    if (next === undefined || next >= this.#wakeAt) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#wakeAt = next;
    this.#timer = setTimeout(this.#tick, Math.max(1, next - this.now()));
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    this.#wakeAt = Infinity;
    this.time = this.now();
    this.#wheel.advance(this.time, wake);
    this.#arm();
  };
}

function wake(task: Task): void {
  task.wake();
}
