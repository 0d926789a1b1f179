/**
 * What a run is like: who takes part, what they do, and which faults happen how hard. All of it is
 * drawn anew for each seed, so that rare combinations meet (swarm testing): a run in which every
 * fault happens a little finds less than runs with few faults that happen a lot.
 */
import type { DiskOptions } from "./disk.ts";
import type { LinkOptions } from "./link.ts";
import type { Random } from "./random.ts";

/** What clients do, by its name, and how often in relation to the rest. */
export type Deed =
  | "say"
  | "private"
  | "burst"
  | "sealed"
  | "file"
  | "group"
  | "membership"
  | "room"
  | "status"
  | "history"
  | "search"
  | "delete";

/** What happens to them, by its name, and how many milliseconds pass between two on average. */
export type Fault =
  | "cut"
  | "silence"
  | "stall"
  | "move"
  | "offline"
  | "forged_sign"
  | "client_crash"
  | "client_restart"
  | "server_crash"
  | "server_stop"
  | "power_cut"
  | "disk_full"
  | "disk_tight"
  | "disk_error"
  | "clock_jump"
  | "slow_reader";

export interface Swarm {
  readonly accounts: number;
  /** Devices of each account. */
  readonly devices: readonly number[];
  /** Milliseconds in which things happen. */
  readonly duration: number;
  /** Milliseconds between two deeds of a client, on average. */
  readonly pace: number;
  readonly deeds: ReadonlyMap<Deed, number>;
  readonly faults: ReadonlyMap<Fault, number>;
  readonly disk: DiskOptions;
  readonly links: readonly LinkOptions[];
  /** Bytes that the server owes a session at most. */
  readonly outbox: number;
  /** Bytes that may wait to be committed. */
  readonly uncommitted: number;
  /** The server looks after its files and its index. */
  readonly maintenance: boolean;
  /** Milliseconds to the thread that searches, and back from it, at most. */
  readonly searchTime: number;
  /** Uploads and downloads at once, and milliseconds in which a fast one moves 64 KiB. */
  readonly transfers: number;
  readonly slowTime: number;
  /** Milliseconds that the server keeps a file, and one which is not complete. */
  readonly keep: number;
  readonly keepPart: number;
  /** Bytes of the longest text. */
  readonly longest: number;
  /** Clients are told at once when the server's process has died. */
  readonly tellsDeath: boolean;
  /** Otherwise they see signs of it, and a server that was started again gives some. */
  readonly signs: boolean;
  readonly answersStrangers: boolean;
  /** A machine without a server says so at once. */
  readonly refuses: boolean;
  /** Clients fetch files by themselves. */
  readonly autoAccept: boolean;
}

const DEEDS: readonly (readonly [Deed, number])[] = [
  ["private", 4],
  ["burst", 1],
  ["file", 1],
  ["group", 1],
  ["membership", 2],
  ["room", 1],
  ["status", 1],
  ["history", 1],
  ["search", 2],
  ["delete", 0.3],
];

/** The name, how often a run has it, and the shortest and longest mean time between two. */
const FAULTS: readonly (readonly [Fault, number, number, number])[] = [
  ["cut", 0.5, 1_500, 30_000],
  ["silence", 0.25, 8_000, 40_000],
  ["stall", 0.35, 1_500, 30_000],
  ["move", 0.3, 3_000, 30_000],
  ["offline", 0.25, 5_000, 30_000],
  ["forged_sign", 0.2, 2_000, 20_000],
  ["client_crash", 0.4, 2_500, 30_000],
  ["client_restart", 0.3, 4_000, 30_000],
  ["server_crash", 0.35, 3_000, 30_000],
  ["server_stop", 0.2, 5_000, 30_000],
  ["power_cut", 0.45, 3_000, 30_000],
  ["disk_full", 0.15, 5_000, 30_000],
  ["disk_tight", 0.25, 2_000, 15_000],
  ["disk_error", 0.15, 5_000, 30_000],
  ["clock_jump", 0.15, 5_000, 30_000],
  ["slow_reader", 0.3, 2_000, 20_000],
];

export const MONTH = 30 * 24 * 60 * 60 * 1000;
/** A sealed message takes half a second of real time. */
const SEALED = 1 / 150;

export function drawSwarm(random: Random): Swarm {
  const accounts = random.integer(2, 4);
  const devices = Array.from({ length: accounts }, () => random.chance(0.25) ? 2 : 1);
  const count = devices.reduce((sum, one) => sum + one, 0);
  const deeds = new Map<Deed, number>([["say", 6]]);
  for (const [deed, weight] of DEEDS) {
    if (random.chance(0.5)) deeds.set(deed, weight * random.logarithmic(0.5, 3));
  }
  if (random.chance(SEALED)) deeds.set("sealed", 0.05);
  const faults = new Map<Fault, number>();
  for (const [fault, chance, least, most] of FAULTS) {
    if (random.chance(chance)) faults.set(fault, random.logarithmic(least, most));
  }
  const duration = random.logarithmic(6_000, 45_000);
  return {
    accounts,
    devices,
    duration,
    pace: duration * count / random.logarithmic(12, 120),
    deeds,
    faults,
    disk: drawDisk(random),
    links: Array.from({ length: count }, () => drawLink(random)),
    outbox: random.chance(0.3) ? random.integer(2_000, 40_000) : 1024 * 1024,
    uncommitted: random.chance(0.1) ? 40_000 : 32 * 1024 * 1024,
    maintenance: random.chance(0.5),
    searchTime: random.chance(0.5) ? 1 : random.logarithmic(10, 1_000),
    transfers: random.chance(0.3) ? random.integer(1, 4) : 64,
    slowTime: random.logarithmic(300, 30_000),
    keep: random.chance(0.7) ? MONTH : random.logarithmic(2_000, 30_000),
    keepPart: random.chance(0.5) ? MONTH : random.logarithmic(1_000, 30_000),
    // Long texts need pages of their own.
    longest: random.chance(faults.has("disk_tight") ? 0.7 : 0.2) ? 8_000 : 60,
    tellsDeath: random.chance(0.4),
    signs: random.chance(0.7),
    answersStrangers: random.chance(0.5),
    refuses: random.chance(0.5),
    autoAccept: random.chance(0.5),
  };
}

function drawDisk(random: Random): DiskOptions {
  const kind = random.fraction();
  if (kind < 0.25) return { fastest: 0, slowest: 0 };
  if (kind < 0.5) return { fastest: 1, slowest: 10 };
  if (kind < 0.75) return { fastest: 5, slowest: 300 };
  return { fastest: 100, slowest: 3_000 };
}

function drawLink(random: Random): LinkOptions {
  const delay = random.chance(0.2) ? 0 : random.logarithmic(0.5, 400);
  return {
    delay,
    jitter: random.chance(0.5) ? 0 : delay * random.fraction(),
    loss: random.chance(0.7) ? 0 : random.logarithmic(0.1, 20),
    window: random.chance(0.25) ? random.integer(1_500, 8_000) : 256 * 1024,
    canRebind: random.chance(0.7),
  };
}
