/** Durations as people write them: `30m`, `12h`, `7d`. Pure. */

const UNITS: Readonly<Record<string, number>> = {
  m: 60 * 1000,
  h: 60 * 60 * 1000,
  d: 24 * 60 * 60 * 1000,
};

/** Milliseconds; `undefined` for a text that is no duration, or a duration of 0. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text.trim().toLowerCase()) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? NaN);
  return ms > 0 ? ms : undefined;
}
