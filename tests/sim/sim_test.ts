/**
 * Sotto under faults, in virtual time: each run is a server and its clients, drawn from a seed, and
 * every promise is checked at its end. `npm run simulate` does more of the same.
 */
import assert from "node:assert/strict";
import { simulate } from "./simulation.ts";
import { makeWorkspace } from "./template.ts";

const SEEDS = 500;
/** Seeds that are run twice. In some of them the disk fails. */
const REPEATED = [1, 7, 12, 19, 27, 34, 88, 250];

Deno.test(`Sotto keeps every promise in ${SEEDS} runs under faults`, async () => {
  using workspace = await makeWorkspace();
  const failed: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { broken, digest } = await simulate(seed, workspace);
    if (broken.length > 0) failed.push(`seed ${seed} (${digest}): ${broken[0]}`);
  }
  assert.deepEqual(failed, [], "npm run simulate -- --seed SEED --trace tells what happened");
});

Deno.test("Simulated runs follow from their seeds alone", async () => {
  using workspace = await makeWorkspace();
  const digests = new Set<string>();
  for (const seed of REPEATED) {
    const { digest, events } = await simulate(seed, workspace);
    const again = await simulate(seed, workspace);
    assert.deepEqual([again.digest, again.events], [digest, events], `seed ${seed}`);
    digests.add(digest);
  }
  assert.equal(digests.size, REPEATED.length);
});
