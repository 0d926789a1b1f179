/**
 * The server's thread that searches: the real index of words and the real finder, on real files. Each
 * request takes virtual time, and they are answered in their order. It dies with its process.
 */
import { StoreError } from "../../server/store/error.ts";
import { type Searcher, SearchRunner } from "../../server/store/search_runner.ts";
import type { Disk } from "./disk.ts";
import type { Random } from "./random.ts";
import type { Process } from "./world.ts";

interface SearcherOptions {
  readonly process: Process;
  readonly disk: Disk;
  readonly random: Random;
  /** Milliseconds that a request, and an answer, take at most. */
  readonly slowest: number;
}

export function simSearcher(options: SearcherOptions) {
  return (file: string, indexFile: string): Searcher => new SimSearcher(file, indexFile, options);
}

class SimSearcher implements Searcher {
  readonly #options: SearcherOptions;
  readonly #runner: SearchRunner;
  #last: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  constructor(file: string, indexFile: string, options: SearcherOptions) {
    this.#options = options;
    this.#runner = new SearchRunner(file, indexFile);
  }

  step: Searcher["step"] = (id, search) => this.#do(() => this.#runner.step(id, search));

  end: Searcher["end"] = (id) => this.#do(() => this.#runner.end(id));

  index: Searcher["index"] = (last) => this.#do(() => this.#write(() => this.#runner.index(last)));

  async remove(numbers: readonly number[]): Promise<void> {
    const { disk, process } = this.#options;
    await this.#do(() => {
      this.#write(() => this.#runner.remove(numbers));
      disk.indexSynced();
    });
    await process.pause(disk.latency());
  }

  /** What was asked before is answered first, unless the process has died. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    if (this.#options.process.isAlive) await this.#last;
    this.#runner[Symbol.dispose]();
  }

  #do<T>(work: () => T): Promise<T> {
    if (this.#isStopped) return Promise.reject(new Error("The store is closed"));
    const done = this.#inTurn(work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Requests and answers are on their way for a while. */
  async #inTurn<T>(work: () => T): Promise<T> {
    const { process, random, slowest } = this.#options;
    await this.#last;
    await process.pause(slowest * random.fraction());
    const result = work();
    await process.pause(slowest * random.fraction());
    return result;
  }

  #write<T>(work: () => T): T {
    if (this.#options.disk.isFull) throw new StoreError("disk_full", "The disk is full");
    return work();
  }
}
