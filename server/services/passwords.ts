/**
 * Passwords: Argon2id (RFC 9106) in one or two threads of their own. It knows no accounts and no
 * store: it turns a password into a PHC string, and checks a password against one.
 *
 * So few threads bound the memory, and leave the other cores to messages. Networks take turns
 * (`fair_queue.ts`). A job fails with `busy` if too many are queued, if it waits too long, if its
 * connection ends while it waits, or if its thread dies (`password_thread.ts`).
 *
 * A password is turned into bytes at once, and the bytes are wiped after use. The string that it
 * came in cannot be wiped.
 */
import { timingSafeEqual } from "node:crypto";
import { randomBytes } from "@noble/hashes/utils.js";
import { onAbort } from "../../protocol/abort.ts";
import { type Clock, systemClock } from "../../protocol/clock.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { FairQueue } from "../fair_queue.ts";
import type { Applicant } from "./applicant.ts";
import { PasswordThread } from "./password_thread.ts";
import type { PasswordJob } from "./password_worker.ts";
import { type Argon2Cost, formatPhc, parsePhc, type PasswordHash } from "./phc.ts";

/** For whom a password is hashed. */
export interface HashRequest extends Applicant {
  /** When the sign-in began, by the clock. All of its jobs must begin soon after that. */
  readonly since: number;
  /** Called when a job is about to begin. `false`: it may not (`rate_limited`). */
  readonly admit: () => boolean;
}

export interface Passwords extends AsyncDisposable {
  /** The PHC string to store. Throws `ProtocolError` (`busy`, `draining`). */
  hash(password: string, request: HashRequest): Promise<string>;
  /**
   * Whether the password is the stored one. Without a stored one (there is no such account) it fails
   * after the same time, so that the time does not tell which names exist.
   */
  verify(password: string, stored: string | undefined, request: HashRequest): Promise<Verdict>;
}

interface Verdict {
  readonly ok: boolean;
  /** The password is right, and was hashed at a lower cost than today's: hash it again. */
  readonly rehash: boolean;
}

export interface PasswordOptions {
  readonly cost?: Argon2Cost;
  /** How many threads there are. Default: two on a machine with three cores or more, else one. */
  readonly threads?: number;
  /** Jobs that may be queued besides those that run: of all networks, and of one. */
  readonly maxQueued?: number;
  readonly maxOfNetwork?: number;
  /** How long a sign-in's jobs may be queued, and how long each may run. Milliseconds. */
  readonly waitLimit?: number;
  readonly runLimit?: number;
  readonly clock?: Clock;
  readonly random?: (length: number) => Uint8Array;
  /** Called when a thread has died or was stopped because it hangs. */
  readonly onFailure?: (reason: string) => void;
  /** The threads' module, for tests. */
  readonly worker?: URL;
}

/** OWASP's Password Storage Cheat Sheet, 2025: 19 MiB, 2 passes, 1 lane. */
export const PASSWORD_COST: Argon2Cost = { m: 19 * 1024, t: 2, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** At 0.2 s each the last one begins within the limit below. */
const MAX_QUEUED = 128;
/** A class that signs in at once has place. */
const MAX_OF_NETWORK = 64;
/** Together less than `TIMES.login`, which is how long a client waits. */
const WAIT_LIMIT = 30_000;
const RUN_LIMIT = 20_000;
const WORKER = new URL("./password_worker.ts", import.meta.url);

export function startPasswords(options: PasswordOptions = {}): Passwords {
  const { cost = PASSWORD_COST, random = randomBytes } = options;
  const hasher = new Hasher(options);
  /** Matches no password: none is known for a random hash. */
  const decoy: PasswordHash = { cost, salt: random(SALT_BYTES), hash: random(HASH_BYTES) };
  return {
    async hash(password, request) {
      const salt = random(SALT_BYTES);
      const job = { password: bytesOf(password), salt, cost, length: HASH_BYTES };
      return formatPhc({ cost, salt, hash: await hasher.run(job, request) });
    },
    async verify(password, stored, request) {
      const expected = stored === undefined ? decoy : parsePhc(stored);
      if (expected === undefined) throw new Error("Cannot verify: the stored hash is malformed");
      const { cost: storedCost, salt, hash } = expected;
      const job = { password: bytesOf(password), salt, cost: storedCost, length: hash.length };
      const actual = await hasher.run(job, request);
      const ok = timingSafeEqual(actual, hash);
      actual.fill(0);
      return { ok, rehash: ok && (storedCost.m < cost.m || storedCost.t < cost.t) };
    },
    [Symbol.asyncDispose]: () => hasher.stop(),
  };
}

interface QueuedJob {
  readonly job: PasswordJob;
  readonly request: HashRequest;
  resolve(hash: Uint8Array): void;
  reject(error: unknown): void;
  /** Ends its time limit, and the watch on its connection. */
  leaveQueue(): void;
}

/** The queue of jobs, and the threads that run them. */
class Hasher {
  readonly #clock: Clock;
  readonly #waitLimit: number;
  readonly #queue: FairQueue<QueuedJob>;
  readonly #waiting = new Set<QueuedJob>();
  readonly #threads: readonly PasswordThread[];
  #stopped = false;

  constructor(options: PasswordOptions) {
    const { clock = systemClock, threads = defaultThreads(), onFailure = () => {} } = options;
    const { maxQueued: size = MAX_QUEUED, maxOfNetwork: perNetwork = MAX_OF_NETWORK } = options;
    const { worker: module = WORKER, runLimit: limit = RUN_LIMIT } = options;
    this.#clock = clock;
    this.#waitLimit = options.waitLimit ?? WAIT_LIMIT;
    this.#queue = new FairQueue({ size, perNetwork });
    const thread = { module, clock, limit, onFailure };
    this.#threads = Array.from({ length: threads }, () => new PasswordThread(thread));
    this.#threads[0]?.start();
  }

  run(job: PasswordJob, request: HashRequest): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const queued: QueuedJob = { job, request, resolve, reject, leaveQueue: () => {} };
      if (this.#stopped) return fail(queued, new ProtocolError("draining"));
      const left = request.since + this.#waitLimit - this.#clock.now();
      if (request.gone.aborted || left <= 0) return fail(queued, new ProtocolError("busy"));
      const displaced = this.#queue.add(queued, request.address);
      if (displaced !== undefined) this.#drop(displaced);
      if (displaced === queued) return;
      this.#watch(queued, left);
      this.#next();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const queued of this.#waiting) this.#drop(queued, new ProtocolError("draining"));
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }

  /** Removes the job from the queue when it has waited too long, or its connection has ended. */
  #watch(queued: QueuedJob, limit: number): void {
    const { address, gone } = queued.request;
    const leave = () => {
      this.#queue.delete(queued, address);
      this.#drop(queued);
    };
    const cancelLimit = this.#clock.after(limit, leave);
    const watch = onAbort(gone, leave);
    this.#waiting.add(queued);
    queued.leaveQueue = () => {
      this.#waiting.delete(queued);
      cancelLimit();
      watch[Symbol.dispose]();
    };
  }

  #drop(queued: QueuedJob, error = new ProtocolError("busy")): void {
    queued.leaveQueue();
    fail(queued, error);
  }

  /** Gives free threads their next jobs. */
  #next(): void {
    for (const thread of this.#threads) {
      if (this.#stopped || !thread.isFree) continue;
      const queued = this.#admitted();
      if (queued === undefined) return;
      thread.run(queued.job).then(queued.resolve, queued.reject).finally(() => this.#next());
    }
  }

  /** The next job that may begin. It leaves the queue. */
  #admitted(): QueuedJob | undefined {
    for (let queued; (queued = this.#queue.take()) !== undefined;) {
      queued.leaveQueue();
      if (queued.request.admit()) return queued;
      fail(queued, new ProtocolError("rate_limited"));
    }
    return undefined;
  }
}

/** The job was not handed to a thread, so its password is still here. */
function fail({ job, reject }: QueuedJob, error: ProtocolError): void {
  job.password.fill(0);
  reject(error);
}

/** A second thread where it leaves a core to messages. */
function defaultThreads(): number {
  return navigator.hardwareConcurrency > 2 ? 2 : 1;
}

/** NFC, as RFC 8265 (section 4.2) requires: keyboards differ in how they compose an é. */
function bytesOf(password: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(password.normalize("NFC"));
}
