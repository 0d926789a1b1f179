/**
 * Passwords: Argon2id (RFC 9106) in a thread of its own, one after the other. It knows no accounts
 * and no store; it turns a password into a PHC string, and says whether one fits the other.
 *
 * One thread bounds the memory, and leaves the other cores to messages. Who comes when too many
 * wait already is told `busy`; so is who waits too long, and whose thread died. The thread is then
 * started again for the next.
 *
 * A password is turned into bytes at once, and the bytes are wiped after use. The string that it
 * came in is the engine's, and cannot be.
 */
import { timingSafeEqual } from "node:crypto";
import { Worker } from "node:worker_threads";
import { randomBytes } from "@noble/hashes/utils.js";
import { type Clock, systemClock } from "../../protocol/clock.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import type { PasswordJob } from "./password_worker.ts";
import { type Argon2Cost, formatPhc, parsePhc, type PasswordHash } from "./phc.ts";

export interface Passwords extends AsyncDisposable {
  /** The PHC string to store. Throws `ProtocolError` (`busy`, `draining`). */
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the stored one. Without a stored one (there is no such account) it
   * takes the same time and fails, so that the time does not tell which names exist.
   */
  verify(password: string, stored: string | undefined): Promise<Verdict>;
}

export interface Verdict {
  readonly ok: boolean;
  /** It was right, and stored at a lower cost than today's: hash it again while it is at hand. */
  readonly rehash: boolean;
}

export interface PasswordOptions {
  readonly cost?: Argon2Cost;
  /** Who may wait besides the one whose turn it is. */
  readonly maxWaiting?: number;
  /** How long one may wait, and then take. Milliseconds. */
  readonly waitLimit?: number;
  readonly runLimit?: number;
  readonly clock?: Clock;
  readonly random?: (length: number) => Uint8Array;
  /** Told when the thread died or was given up, so that somebody reads of it. */
  readonly onFailure?: (reason: string) => void;
  /** The thread's module, for tests. */
  readonly worker?: URL;
}

/** OWASP's Password Storage Cheat Sheet, 2025: 19 MiB, 2 passes, 1 lane. */
export const PASSWORD_COST: Argon2Cost = { m: 19 * 1024, t: 2, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** At 0.2 s each the last one has its turn within `TIMES.answer`. */
const MAX_WAITING = 128;
const WAIT_LIMIT = 30_000;
const RUN_LIMIT = 30_000;
const WORKER = new URL("./password_worker.ts", import.meta.url);

export function startPasswords(options: PasswordOptions = {}): Passwords {
  const { cost = PASSWORD_COST, random = randomBytes } = options;
  const hasher = new Hasher(options);
  /** Fits no password: nobody knows one for a random hash. */
  const nobody: PasswordHash = { cost, salt: random(SALT_BYTES), hash: random(HASH_BYTES) };
  return {
    async hash(password) {
      const salt = random(SALT_BYTES);
      const job = { password: bytesOf(password), salt, cost, length: HASH_BYTES };
      return formatPhc({ cost, salt, hash: await hasher.run(job) });
    },
    async verify(password, stored) {
      const expected = stored === undefined ? nobody : parsePhc(stored);
      if (expected === undefined) throw new Error("Cannot verify: the stored hash is malformed");
      const { cost: storedCost, salt, hash } = expected;
      const job = { password: bytesOf(password), salt, cost: storedCost, length: hash.length };
      const actual = await hasher.run(job);
      const ok = timingSafeEqual(actual, hash);
      actual.fill(0);
      return { ok, rehash: ok && (storedCost.m < cost.m || storedCost.t < cost.t) };
    },
    [Symbol.asyncDispose]: () => hasher.stop(),
  };
}

interface QueuedJob {
  readonly job: PasswordJob;
  resolve(hash: Uint8Array): void;
  reject(error: ProtocolError): void;
  /** Takes back the time limit that runs. */
  cancelLimit(): void;
}

/** The queue in front of the thread, and the thread. */
class Hasher {
  readonly #module: URL;
  readonly #clock: Clock;
  readonly #maxWaiting: number;
  readonly #waitLimit: number;
  readonly #runLimit: number;
  readonly #onFailure: (reason: string) => void;
  readonly #queue: QueuedJob[] = [];
  #worker: Worker | undefined;
  /** Whose turn it is. */
  #current: QueuedJob | undefined;
  #stopped = false;

  constructor(options: PasswordOptions) {
    this.#module = options.worker ?? WORKER;
    this.#clock = options.clock ?? systemClock;
    this.#maxWaiting = options.maxWaiting ?? MAX_WAITING;
    this.#waitLimit = options.waitLimit ?? WAIT_LIMIT;
    this.#runLimit = options.runLimit ?? RUN_LIMIT;
    this.#onFailure = options.onFailure ?? (() => {});
    this.#worker = this.#start();
  }

  run(job: PasswordJob): Promise<Uint8Array> {
    if (this.#stopped) return Promise.reject(new ProtocolError("draining"));
    if (this.#queue.length >= this.#maxWaiting) {
      job.password.fill(0);
      return Promise.reject(new ProtocolError("busy"));
    }
    return new Promise((resolve, reject) => {
      const waiting: QueuedJob = { job, resolve, reject, cancelLimit: () => {} };
      waiting.cancelLimit = this.#clock.after(this.#waitLimit, () => this.#timeOut(waiting));
      this.#queue.push(waiting);
      this.#next();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const waiting of [this.#finish(), ...this.#queue.splice(0)]) {
      if (waiting !== undefined) this.#fail(waiting, new ProtocolError("draining"));
    }
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #next(): void {
    if (this.#stopped || this.#current !== undefined) return;
    const waiting = this.#queue.shift();
    if (waiting === undefined) return;
    this.#current = waiting;
    waiting.cancelLimit();
    waiting.cancelLimit = this.#clock.after(this.#runLimit, () => this.#abandon("it hangs"));
    this.#worker ??= this.#start();
    this.#worker.postMessage(waiting.job, [waiting.job.password.buffer]);
  }

  #start(): Worker {
    const worker = new Worker(this.#module);
    // A thread that was abandoned may still have something to say; it is not listened to.
    worker.on("message", (hash: Uint8Array) => {
      if (worker !== this.#worker) return;
      this.#finish()?.resolve(hash);
      this.#next();
    });
    const died = (reason: string) => {
      if (worker === this.#worker) this.#abandon(reason);
    };
    worker.on("error", (error: Error) => died(error.message));
    worker.on("exit", (code: number) => died(`it ended with code ${code}`));
    return worker;
  }

  /** The thread died or hangs: whose turn it was fails, and the next one gets a new thread. */
  #abandon(reason: string): void {
    this.#onFailure(reason);
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    const waiting = this.#finish();
    if (waiting !== undefined) this.#fail(waiting, new ProtocolError("busy"));
    this.#next();
  }

  #timeOut(waiting: QueuedJob): void {
    this.#queue.splice(this.#queue.indexOf(waiting), 1);
    this.#fail(waiting, new ProtocolError("busy"));
  }

  #finish(): QueuedJob | undefined {
    const waiting = this.#current;
    this.#current = undefined;
    waiting?.cancelLimit();
    return waiting;
  }

  #fail(waiting: QueuedJob, error: ProtocolError): void {
    waiting.cancelLimit();
    const { password } = waiting.job;
    if (!password.buffer.detached) password.fill(0); // Else the thread has it.
    waiting.reject(error);
  }
}

/** NFC, as RFC 8265 (section 4.2) has it: keyboards differ in how they compose an é. */
function bytesOf(password: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(password.normalize("NFC"));
}
