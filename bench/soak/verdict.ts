/**
 * Whether a soak was flat: whether the median of each figure in the last quarter is at most a tenth
 * above that in the second quarter. (In the first everybody comes, and caches are filled.) Pure.
 */
import { median } from "../compare/stats.ts";
import type { Sample } from "./sample.ts";

export interface Finding {
  readonly what: string;
  /** Medians. */
  readonly second: number;
  readonly last: number;
  readonly unit: "MiB" | "ms" | "";
  readonly isFlat: boolean;
}

/** The last quarter's median, of the second quarter's. */
const MOST = 1.1;
const MIB = 1024 * 1024;

export function judge(samples: readonly Sample[]): Finding[] {
  const quarter = Math.floor(samples.length / 4);
  const second = samples.slice(quarter, 2 * quarter);
  const last = samples.slice(-quarter);
  const find = (
    what: string,
    unit: Finding["unit"],
    of: (sample: Sample) => number,
    slack = 0,
  ): Finding => {
    const [before, after] = [median(second.map(of)), median(last.map(of))];
    // What the system does not tell cannot be judged.
    const isFlat = Number.isNaN(before) || after <= before * MOST + slack;
    return { what, second: before, last: after, unit, isFlat };
  };
  const lost = samples.some((sample) => sample.lost > 0);
  return [
    find(
      lost ? "resident memory without what the addon loses" : "resident memory",
      "MiB",
      ({ rss, lost }) => (rss - lost) / MIB,
    ),
    find("V8's heap", "MiB", ({ heap }) => heap / MIB),
    find("descriptors", "", ({ descriptors }) => descriptors),
    find("ack, p50", "ms", ({ p50 }) => p50, SLACK),
    find("ack, p99", "ms", ({ p99 }) => p99, SLACK),
  ];
}

/** Milliseconds that are noise, whatever the median is. */
const SLACK = 1;
