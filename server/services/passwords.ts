/**
 * Passwords: Argon2id (RFC 9106) in a thread of its own, one after the other. It knows no accounts
 * and no store: it turns a password into a PHC string, and checks a password against one.
 *
 * One thread bounds the memory, and leaves the other cores to messages. A job fails with `busy` if
 * too many are queued, if it waits too long, or if the thread dies; the thread is then started again
 * for the next job.
 *
 * A password is turned into bytes at once, and the bytes are wiped after use. The string that it
 * came in cannot be wiped.
 */
import { timingSafeEqual } from "node:crypto";
import { Worker } from "node:worker_threads";
import { randomBytes } from "@noble/hashes/utils.js";
import { assert } from "../../protocol/assert.ts";
import { type Clock, systemClock } from "../../protocol/clock.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import type { PasswordJob } from "./password_worker.ts";
import { type Argon2Cost, formatPhc, parsePhc, type PasswordHash } from "./phc.ts";

export interface Passwords extends AsyncDisposable {
  /** The PHC string to store. Throws `ProtocolError` (`busy`, `draining`). */
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the stored one. Without a stored one (there is no such account) it fails
   * after the same time, so that the time does not tell which names exist.
   */
  verify(password: string, stored: string | undefined): Promise<Verdict>;
}

interface Verdict {
  readonly ok: boolean;
  /** The password is right, and was hashed at a lower cost than today's: hash it again. */
  readonly rehash: boolean;
}

export interface PasswordOptions {
  readonly cost?: Argon2Cost;
  /** Jobs that may be queued besides the one that runs. */
  readonly maxQueued?: number;
  /** How long a job may be queued, and how long it may run. Milliseconds. */
  readonly waitLimit?: number;
  readonly runLimit?: number;
  readonly clock?: Clock;
  readonly random?: (length: number) => Uint8Array;
  /** Called when the thread has died or was stopped because it hangs. */
  readonly onFailure?: (reason: string) => void;
  /** The thread's module, for tests. */
  readonly worker?: URL;
}

/** OWASP's Password Storage Cheat Sheet, 2025: 19 MiB, 2 passes, 1 lane. */
export const PASSWORD_COST: Argon2Cost = { m: 19 * 1024, t: 2, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** At 0.2 s each the last one is done within `TIMES.answer`. */
const MAX_QUEUED = 128;
const WAIT_LIMIT = 30_000;
const RUN_LIMIT = 30_000;
const WORKER = new URL("./password_worker.ts", import.meta.url);

export function startPasswords(options: PasswordOptions = {}): Passwords {
  const { cost = PASSWORD_COST, random = randomBytes } = options;
  const hasher = new Hasher(options);
  /** Matches no password: none is known for a random hash. */
  const decoy: PasswordHash = { cost, salt: random(SALT_BYTES), hash: random(HASH_BYTES) };
  return {
    async hash(password) {
      const salt = random(SALT_BYTES);
      const job = { password: bytesOf(password), salt, cost, length: HASH_BYTES };
      return formatPhc({ cost, salt, hash: await hasher.run(job) });
    },
    async verify(password, stored) {
      const expected = stored === undefined ? decoy : parsePhc(stored);
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
  /** Cancels the time limit that runs. */
  cancelLimit(): void;
}

/** The queue of jobs, and the thread that runs them. */
class Hasher {
  readonly #module: URL;
  readonly #clock: Clock;
  readonly #maxQueued: number;
  readonly #waitLimit: number;
  readonly #runLimit: number;
  readonly #onFailure: (reason: string) => void;
  readonly #queue: QueuedJob[] = [];
  #worker: Worker | undefined;
  /** The job that runs. */
  #current: QueuedJob | undefined;
  #stopped = false;

  constructor(options: PasswordOptions) {
    this.#module = options.worker ?? WORKER;
    this.#clock = options.clock ?? systemClock;
    this.#maxQueued = options.maxQueued ?? MAX_QUEUED;
    this.#waitLimit = options.waitLimit ?? WAIT_LIMIT;
    this.#runLimit = options.runLimit ?? RUN_LIMIT;
    this.#onFailure = options.onFailure ?? (() => {});
    this.#worker = this.#start();
  }

  run(job: PasswordJob): Promise<Uint8Array> {
    if (this.#stopped) return Promise.reject(new ProtocolError("draining"));
    if (this.#queue.length >= this.#maxQueued) {
      job.password.fill(0);
      return Promise.reject(new ProtocolError("busy"));
    }
    return new Promise((resolve, reject) => {
      const queued: QueuedJob = { job, resolve, reject, cancelLimit: () => {} };
      queued.cancelLimit = this.#clock.after(this.#waitLimit, () => this.#expire(queued));
      this.#queue.push(queued);
      this.#next();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const queued of [this.#finish(), ...this.#queue.splice(0)]) {
      if (queued !== undefined) this.#fail(queued, new ProtocolError("draining"));
    }
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #next(): void {
    if (this.#stopped || this.#current !== undefined) return;
    const queued = this.#queue.shift();
    if (queued === undefined) return;
    this.#current = queued;
    queued.cancelLimit();
    queued.cancelLimit = this.#clock.after(
      this.#runLimit,
      () => this.#abandon("the time limit passed"),
    );
    this.#worker ??= this.#start();
    this.#worker.postMessage(queued.job, [queued.job.password.buffer]);
  }

  #start(): Worker {
    const worker = new Worker(this.#module);
    // Messages of a thread that was abandoned are ignored.
    worker.on("message", (hash: Uint8Array) => {
      if (worker !== this.#worker) return;
      this.#finish()?.resolve(hash);
      this.#next();
    });
    const died = (reason: string) => {
      if (worker === this.#worker) this.#abandon(reason);
    };
    worker.on("error", (error: Error) => died(error.message));
    worker.on("exit", (code: number) => died(`exit code ${code}`));
    return worker;
  }

  /** The thread died or hangs: its job fails, and the next one gets a new thread. */
  #abandon(reason: string): void {
    this.#onFailure(reason);
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    const queued = this.#finish();
    if (queued !== undefined) this.#fail(queued, new ProtocolError("busy"));
    this.#next();
  }

  #expire(queued: QueuedJob): void {
    const index = this.#queue.indexOf(queued);
    assert(index >= 0, "a job whose time to wait runs out is queued");
    this.#queue.splice(index, 1);
    this.#fail(queued, new ProtocolError("busy"));
  }

  #finish(): QueuedJob | undefined {
    const queued = this.#current;
    this.#current = undefined;
    queued?.cancelLimit();
    return queued;
  }

  #fail(queued: QueuedJob, error: ProtocolError): void {
    queued.cancelLimit();
    const { password } = queued.job;
    if (!password.buffer.detached) password.fill(0); // Otherwise the thread owns it.
    queued.reject(error);
  }
}

/** NFC, as RFC 8265 (section 4.2) requires: keyboards differ in how they compose an é. */
function bytesOf(password: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(password.normalize("NFC"));
}
