/**
 * A thread that hashes passwords, one job at a time (`password_worker.ts`). A job fails with `busy`
 * if the thread dies or takes too long; the thread is then started again for the next job.
 */
import { Worker } from "node:worker_threads";
import { assert } from "../../protocol/assert.ts";
import type { Clock } from "../../protocol/clock.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import type { PasswordJob } from "./password_worker.ts";

interface PasswordThreadOptions {
  readonly module: URL;
  readonly clock: Pick<Clock, "after">;
  /** Milliseconds that a job may take. */
  readonly limit: number;
  /** Called when the thread has died or was stopped because it hangs. */
  readonly onFailure: (reason: string) => void;
}

interface RunningJob {
  resolve(hash: Uint8Array): void;
  reject(error: ProtocolError): void;
  /** Cancels the time limit. */
  readonly cancelLimit: () => void;
}

export class PasswordThread {
  readonly #options: PasswordThreadOptions;
  #worker: Worker | undefined;
  #current: RunningJob | undefined;

  constructor(options: PasswordThreadOptions) {
    this.#options = options;
  }

  get isFree(): boolean {
    return this.#current === undefined;
  }

  /** Starts the thread before there is a job for it. */
  start(): void {
    this.#worker ??= this.#start();
  }

  /** Rejects with a `ProtocolError`. The thread MUST be free. */
  run(job: PasswordJob): Promise<Uint8Array> {
    assert(this.isFree, "a thread has one job at a time");
    const { clock, limit } = this.#options;
    return new Promise((resolve, reject) => {
      const cancelLimit = clock.after(limit, () => this.#abandon("the time limit passed"));
      this.#current = { resolve, reject, cancelLimit };
      this.#worker ??= this.#start();
      this.#worker.postMessage(job, [job.password.buffer]);
    });
  }

  /** Ends the thread. Its job fails with `draining`. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#finish()?.reject(new ProtocolError("draining"));
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#options.module);
    // Messages of a thread that was abandoned are ignored.
    worker.on("message", (hash: Uint8Array) => {
      if (worker === this.#worker) this.#finish()?.resolve(hash);
    });
    const died = (reason: string) => {
      if (worker === this.#worker) this.#abandon(reason);
    };
    worker.on("error", (error: Error) => died(error.message));
    worker.on("exit", (code: number) => died(`exit code ${code}`));
    return worker;
  }

  /** The thread died or hangs. */
  #abandon(reason: string): void {
    this.#options.onFailure(reason);
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    this.#finish()?.reject(new ProtocolError("busy"));
  }

  #finish(): RunningJob | undefined {
    const job = this.#current;
    this.#current = undefined;
    job?.cancelLimit();
    return job;
  }
}
