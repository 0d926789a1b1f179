/**
 * Sizes as people write and read them: `500`, `10M`, `1.5GiB`, `2 GB`. Pure.
 *
 * As in other programs of the command line, `K`, `M`, `G` and `T` are powers of 1024, with or
 * without `iB` after them; `kB`, `MB`, `GB` and `TB` are powers of 1000.
 */

const UNITS = ["K", "M", "G", "T"] as const;
const SIZE = /^(\d{1,16}(?:\.\d{1,6})?) ?(?:(?<unit>[KMGT])(?<end>iB?|B)?|B)?$/i;

/** For messages that refuse a size. */
export const SIZE_RULE = "Give a size like 500K, 10M, 1.5GiB or 2GB.";

/** Bytes; `undefined` for a text that is no size. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text.trim());
  if (match === null) return undefined;
  const { unit, end } = match.groups ?? {};
  const power = unit === undefined ? 0 : 1 + UNITS.findIndex((it) => it === unit.toUpperCase());
  const base = end?.toUpperCase() === "B" ? 1000 : 1024;
  const bytes = Number(match[1]) * base ** power;
  return Number.isSafeInteger(Math.round(bytes)) ? Math.round(bytes) : undefined;
}

/** `0 B`, `1023 B`, `1.5 KiB`, `12.3 MiB`, `2.0 GiB`: for reading, rounded. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  let value = bytes;
  let power = 0;
  // A value that would be rounded to 1024.0 is shown as 1.0 of the next unit.
  while (Number(value.toFixed(1)) >= 1024 && power < UNITS.length) {
    value /= 1024;
    power++;
  }
  return `${value.toFixed(1)} ${UNITS[power - 1]}iB`;
}
