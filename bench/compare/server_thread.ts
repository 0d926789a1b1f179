/**
 * The measured server in a worker thread, so that its work does not delay the measuring side. This
 * module is also what the thread runs.
 */
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { ServerInfo, ServerSettings } from "./serve.ts";

interface ServerThread extends AsyncDisposable {
  readonly info: ServerInfo;
}

/** Resolves when the server accepts connections. */
export async function startServerThread(settings: ServerSettings): Promise<ServerThread> {
  const worker = new Worker(new URL(import.meta.url), { workerData: settings });
  // `once` rejects when the thread fails instead.
  const [info] = await once(worker, "message") as [ServerInfo];
  return {
    info,
    async [Symbol.asyncDispose]() {
      const stopped = once(worker, "message");
      worker.postMessage("stop");
      await stopped;
      await worker.terminate();
    },
  };
}

if (!isMainThread) {
  const { serve } = await import("./serve.ts");
  const { info, stop } = await serve(workerData as ServerSettings);
  parentPort?.once("message", async () => {
    await stop();
    parentPort?.postMessage("stopped");
  });
  parentPort?.postMessage(info);
}
