/** Statistics of measurements. Pure. */

/** The median; of an even number of values, the mean of the middle two. NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const half = sorted.length / 2;
  const lower = sorted[Math.ceil(half) - 1] ?? NaN;
  const upper = sorted[Math.floor(half)] ?? NaN;
  return (lower + upper) / 2;
}

/** The smallest value that at least this share of all values does not exceed. NaN without values. */
export function percentile(values: readonly number[], share: number): number {
  return ascending(values)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? NaN;
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((one, other) => one - other);
}
