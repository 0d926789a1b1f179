/** How many tests passed and failed, read from the last line of `deno test`. Pure. */

export interface Counts {
  passed: number;
  failed: number;
  ignored: number;
}

/** Adds up every line like `ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)`. */
export function parseCounts(output: string): Counts {
  const counts = { passed: 0, failed: 0, ignored: 0 };
  // deno-lint-ignore no-control-regex -- colours are what it removes
  for (const line of output.replaceAll(/\u001b\[[\d;]*m/g, "").split("\n")) {
    if (!/^(ok|FAILED) \| \d+ passed/.test(line)) continue;
    addCounts(counts, {
      passed: numberBefore(line, "passed"),
      failed: numberBefore(line, "failed"),
      ignored: numberBefore(line, "ignored"),
    });
  }
  return counts;
}

export function addCounts(total: Counts, { passed, failed, ignored }: Counts): void {
  total.passed += passed;
  total.failed += failed;
  total.ignored += ignored;
}

/** As `deno test` writes them. */
export function formatCounts({ passed, failed, ignored }: Counts): string {
  return `${passed} passed | ${failed} failed${ignored === 0 ? "" : ` | ${ignored} ignored`}`;
}

function numberBefore(line: string, word: string): number {
  return Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);
}
