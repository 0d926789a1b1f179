/** Searches in this thread, for tests: other work runs before each piece of a search. */
import { setImmediate } from "node:timers/promises";
import { type Searcher, SearchRunner } from "../../server/store/search_runner.ts";

export function searchHere(file: string, indexFile: string): Searcher {
  const runner = new SearchRunner(file, indexFile);
  return {
    async step(id, search) {
      await setImmediate();
      return runner.step(id, search);
    },
    end: (id) => Promise.try(() => runner.end(id)),
    index: (last) => Promise.try(() => runner.index(last)),
    remove: (numbers) => Promise.try(() => runner.remove(numbers)),
    [Symbol.asyncDispose]: () => Promise.try(() => runner[Symbol.dispose]()),
  };
}
