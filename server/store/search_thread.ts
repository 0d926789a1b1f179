/**
 * Searches in a thread of their own (`search_worker.ts`). What the thread has not answered when it
 * dies fails; it is started again for the next request.
 *
 * How much may wait for it is bounded by its callers: one step at a time (`searches.ts`), and one
 * piece of maintenance.
 */
import { Worker } from "node:worker_threads";
import { assert } from "../../protocol/assert.ts";
import type { Searcher } from "./search_runner.ts";
import type { SearchAnswer, SearchFiles, SearchRequest } from "./search_worker.ts";

const WORKER = new URL("./search_worker.ts", import.meta.url);

/** `worker`: the thread's module, for tests. */
export function searchInThread(file: string, indexFile: string, worker = WORKER): Searcher {
  const thread = new SearchThread({ file, indexFile }, worker);
  const done = async (request: SearchRequest): Promise<boolean> => {
    const answer = await thread.ask(request);
    assert(answer.type === "done", "an answer fits its request");
    return answer.more;
  };
  return {
    async step(id, search) {
      const answer = await thread.ask({ type: "step", id, search });
      assert(answer.type === "found", "an answer fits its request");
      return answer.found;
    },
    end: async (id) => void await done({ type: "end", id }),
    index: (last) => done({ type: "index", last }),
    remove: async (numbers) => void await done({ type: "remove", numbers }),
    [Symbol.asyncDispose]: () => thread.stop(),
  };
}

class SearchThread {
  readonly #files: SearchFiles;
  readonly #module: URL;
  #worker: Worker | undefined;
  /** Requests that are not answered, in the order in which they were sent. */
  #asked: PromiseWithResolvers<SearchAnswer>[] = [];
  #stopped = false;

  /** It is started by the first request. */
  constructor(files: SearchFiles, module: URL) {
    this.#files = files;
    this.#module = module;
  }

  ask(request: SearchRequest): Promise<SearchAnswer> {
    if (this.#stopped) return Promise.reject(new Error("Cannot search: the store is closed"));
    return this.#send(request);
  }

  /** What was asked before is answered; then the thread closes its files and ends. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#worker === undefined) return;
    // It may have died, or die now.
    await this.#send({ type: "close" }).catch(() => {});
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #send(request: SearchRequest): Promise<SearchAnswer> {
    const answered = Promise.withResolvers<SearchAnswer>();
    this.#worker ??= this.#start();
    this.#asked.push(answered);
    this.#worker.postMessage(request);
    return answered.promise;
  }

  #start(): Worker {
    const worker = new Worker(this.#module, { workerData: this.#files });
    worker.on("message", (answer: SearchAnswer) => {
      // Of a thread that was given up.
      if (worker !== this.#worker) return;
      const asked = this.#asked.shift();
      assert(asked !== undefined, "an answer was asked for");
      if (answer.type === "failed") asked.reject(new Error(answer.reason));
      else asked.resolve(answer);
    });
    worker.on("error", (error: Error) => this.#died(worker, error.message));
    worker.on("exit", (code: number) => this.#died(worker, `exit code ${code}`));
    return worker;
  }

  #died(worker: Worker, reason: string): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    const asked = this.#asked;
    this.#asked = [];
    for (const each of asked) each.reject(new Error(`The thread that searches died: ${reason}`));
    void worker.terminate();
  }
}
