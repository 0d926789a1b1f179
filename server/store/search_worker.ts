/**
 * The thread that searches, so that no search and no index delays a message: one request in, one
 * answer out. `search_thread.ts` starts it.
 */
import { setPriority } from "node:os";
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import { SearchRunner, type TextSearch } from "./search_runner.ts";
import type { Found } from "./text_finder.ts";

/** The files of the database and of the index. */
export interface SearchFiles {
  readonly file: string;
  readonly indexFile: string;
}

export type SearchRequest =
  | { readonly type: "step"; readonly id: number; readonly search: TextSearch }
  | { readonly type: "end"; readonly id: number }
  | { readonly type: "index"; readonly last: number }
  | { readonly type: "remove"; readonly numbers: readonly number[] }
  | { readonly type: "close" };

/** Answers come in the order of the requests. */
export type SearchAnswer =
  | { readonly type: "found"; readonly found: Found | undefined }
  | { readonly type: "done"; readonly more: boolean }
  | { readonly type: "failed"; readonly reason: string };

/** As `nice -n 10`: on a busy machine messages go first. */
const PRIORITY = 10;

// Only Linux has a priority for each thread (0: the calling one); elsewhere it is the process's.
if (process.platform === "linux") {
  try {
    setPriority(0, PRIORITY);
  } catch {
    // Not permitted: then searches compete with messages.
  }
}

const { file, indexFile }: SearchFiles = workerData;
const runner = new SearchRunner(file, indexFile);

parentPort?.on("message", (request: SearchRequest) => {
  parentPort?.postMessage(answer(request));
});

function answer(request: SearchRequest): SearchAnswer {
  try {
    switch (request.type) {
      case "step":
        return { type: "found", found: runner.step(request.id, request.search) };
      case "end":
        runner.end(request.id);
        return { type: "done", more: false };
      case "index":
        return { type: "done", more: runner.index(request.last) };
      case "remove":
        runner.remove(request.numbers);
        return { type: "done", more: false };
      case "close":
        runner[Symbol.dispose]();
        return { type: "done", more: false };
    }
  } catch (error) {
    return { type: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}
