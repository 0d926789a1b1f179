/** A server in a thread of this process: started, and stopped at the end of the scope. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Served, Settings } from "./serve.ts";

interface ServerThread extends AsyncDisposable {
  readonly served: Served;
}

/** Resolves when the server takes connections. */
export async function startServerThread(settings: Settings): Promise<ServerThread> {
  const worker = new Worker(new URL("./server_thread.ts", import.meta.url), {
    workerData: settings,
  });
  // `once` rejects when the thread fails instead.
  const [served] = await once(worker, "message") as [Served];
  return {
    served,
    async [Symbol.asyncDispose]() {
      const stopped = once(worker, "message");
      worker.postMessage("stop");
      await stopped;
      await worker.terminate();
    },
  };
}
