/** One batch of each fuzzer. `npm run fuzz` does more of the same (docs/reliability.md). */
import { runBatch } from "./batch.ts";
import { TARGETS } from "./targets.ts";

/** Always the same: what `npm test` says depends on the program alone. */
const SEED = 1;

for (const target of TARGETS) {
  Deno.test(target.promise, () => runBatch(target, { seed: SEED }));
}
