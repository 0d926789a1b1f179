/** What floods did to others, as tables: one for each server. Pure. */
import { median } from "./compare/stats.ts";
import type { Settings } from "./harness/settings.ts";
import { tableOf } from "./markdown.ts";
import type { FloodName, FloodPair, Floods, FloodWindow } from "./measures/floods.ts";

export const FLOOD_TITLES: Readonly<Record<FloodName, string>> = {
  "messages": "messages to everyone",
  "elsewhere": "messages to each other",
  "searches": "searches",
  "joins": "joins and leaves",
  "uploads": "uploads",
  "sign-ins": "sign-ins with a wrong password",
  "all at once": "a fifth each: messages to everyone, searches, joins, uploads, sign-ins",
  "one account": "sessions of one account, messages to everyone",
};

const HEAD = [
  "flood",
  "p99, quiet",
  "p99, flooded",
  "ratio",
  "ratios of the pairs",
  "p50, quiet",
  "p50, flooded",
  "lines without an ack",
  "clients' own delay (p99), quiet",
  "flooded",
  "requests/s of the flood",
  "its connections/s",
];

/** The median p99 during the flood, of the median p99 without it. */
export function floodRatio(pairs: readonly FloodPair[]): number {
  const { quiet, flooded } = middleOf(pairs, ({ p99 }) => p99);
  return flooded / quiet;
}

/** `placement`: who runs where. */
export function floodsSection(
  measured: readonly (readonly [server: string, floods: Floods])[],
  { clients, sessions, floodPairs, floodSeconds }: Settings,
  placement: string,
): string {
  if (measured.length === 0) return "";
  const text = [
    `${clients} clients say two lines a second each, and wait for the acks. ${clients} others flood`,
    `the server, which has all of its limits, each from an address of its own (${sessions} sessions`,
    "where they are of one account). They never wait and come back at once. The figures are medians",
    `of ${floodPairs} pairs of windows of ${floodSeconds} s, one quiet and one flooded; the ratio is`,
    `that of the medians. ${placement} The clients' own delay is by how much a timer of the`,
    "well-behaved ones is late, who are a process of their own.",
  ].join(" ");
  const tables = measured.map(([server, floods]) => `### ${server}\n\n${tableOf(rowsOf(floods))}`);
  return ["## What others notice of a flood", text, ...tables].join("\n\n");
}

/** A row for each flood. */
function rowsOf(floods: Floods): string[][] {
  const rows = [...floods].map(([name, pairs]) => {
    const p99 = middleOf(pairs, (window) => window.p99);
    const p50 = middleOf(pairs, (window) => window.p50);
    const late = middleOf(pairs, (window) => window.late);
    const each = pairs.map(({ quiet, flooded }) => flooded.p99 / quiet.p99);
    return [
      FLOOD_TITLES[name],
      ms(p99.quiet),
      ms(p99.flooded),
      `${floodRatio(pairs).toFixed(2)}×`,
      each.toSorted((one, other) => one - other).map((ratio) => ratio.toFixed(1)).join(", "),
      ms(p50.quiet),
      ms(p50.flooded),
      String(pairs.reduce((sum, { flooded }) => sum + flooded.unanswered, 0)),
      ms(late.quiet),
      ms(late.flooded),
      count(median(pairs.map(({ rate }) => rate.requests))),
      count(median(pairs.map(({ rate }) => rate.connections))),
    ];
  });
  return [HEAD, ...rows];
}

function middleOf(
  pairs: readonly FloodPair[],
  of: (window: FloodWindow) => number,
): { readonly quiet: number; readonly flooded: number } {
  return {
    quiet: median(pairs.map(({ quiet }) => of(quiet))),
    flooded: median(pairs.map(({ flooded }) => of(flooded))),
  };
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function count(value: number): string {
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}
