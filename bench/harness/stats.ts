/** The few statistics that the results need. Pure. */

/** The middle of the values; the mean of the two in the middle of an even number. */
export function median(values: readonly number[]): number {
  return (percentile(values, 0.5) + percentile(values.map((value) => -value), 0.5) * -1) / 2;
}

/** The smallest value that at least the given share of all values does not exceed; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
