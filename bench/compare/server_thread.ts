/**
 * The server in a thread of its own, so that those who measure do not wait for its work. It says
 * where it listens, and stops when it is told anything; then it says that it has.
 */
import { parentPort, workerData } from "node:worker_threads";
import { serve, type Settings } from "./serve.ts";

const { served, stop } = await serve(workerData as Settings);
parentPort?.once("message", async () => {
  await stop();
  parentPort?.postMessage("stopped");
});
parentPort?.postMessage(served);
