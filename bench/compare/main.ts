/**
 * `sotto bench compare`: the same chat work over QUIC and over TLS, within this machine, and, where
 * the system lets it, over a line that loses packets. What it prints was measured, just now.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { arch, availableParallelism, cpus, platform, release, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { EXIT } from "../../protocol/exit_codes.ts";
import { type BadLine, DELAY, LOSS, makeBadLine, NoLineError } from "./bad_line.ts";
import { amountFor, type BothWays, measureBothWays } from "./both_ways.ts";
import { Child } from "./child.ts";
import type { Amount } from "./measure.ts";
import { LESSON, table } from "./report.ts";
import { startServerThread } from "./thread.ts";

interface CompareOptions {
  /** About how long each table takes. Default 15. */
  readonly seconds?: number | undefined;
}

interface CompareParts {
  readonly print: (line: string) => void;
  /** For tests. */
  readonly makeLine?: () => Promise<BadLine>;
}

const SECONDS = 15;
const CONGESTION_CONTROL = "/proc/sys/net/ipv4/tcp_congestion_control";
const LOOPBACK = "127.0.0.1";
/** A table that takes so many times as long as it should, and so many milliseconds, has failed. */
const PATIENCE = 4;
const GRACE = 30_000;

/** How to see the second table by hand. `netem` works on each packet that leaves: twice, on `lo`. */
const BY_HAND = [
  "It takes Linux, root, iproute2, a kernel with netem or VXLAN, and a run from the sources (npm run",
  "compare): the executable may start no program. With it, compare within a network that is bad:",
  "",
  "  ip netns add bad && ip -n bad link set lo up",
  `  tc -n bad qdisc add dev lo root netem limit 20000 delay ${DELAY}ms loss ${LOSS}%`,
  "  ip netns exec bad sotto bench compare",
  "  ip netns delete bad",
];

/** It took too long, or somebody pressed Ctrl-C: nothing more is measured. */
class StoppedError extends Error {
  override readonly name = "StoppedError";
}

/** Measures, and prints. Resolves with the exit code. */
export async function runCompare(
  { seconds = SECONDS }: CompareOptions,
  { print, makeLine = makeBadLine }: CompareParts,
): Promise<number> {
  const amount = amountFor(seconds);
  await using stop = stopper(2 * (PATIENCE * seconds * 1000 + GRACE));
  const folder = await mkdtemp(join(tmpdir(), "sotto-compare-"));
  try {
    print(`The same chat work over both ways to a server; each table takes about ${seconds} s.`);
    print(await machine());
    print("");
    print("Within this machine (loopback):");
    print("");
    await onLoopback({ folder, amount, print, stopped: stop.promise });
    print("");
    await onBadLine({ folder, amount, print, stopped: stop.promise }, makeLine);
    print("");
    for (const line of LESSON) print(line);
    return EXIT.done;
  } catch (failure) {
    print("");
    print(`Not measured: ${failure instanceof Error ? failure.message : String(failure)}`);
    return EXIT.failed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Work {
  readonly folder: string;
  readonly amount: Amount;
  readonly print: (line: string) => void;
  /** Rejects when nothing more is to be done. */
  readonly stopped: Promise<never>;
}

async function onLoopback({ folder, amount, print, stopped }: Work): Promise<void> {
  await using server = await startServerThread({ host: LOOPBACK, data: join(folder, "loopback") });
  const measured = await Promise.race([measureBothWays(server.served, amount), stopped]);
  for (const line of table(measured)) print(line);
}

async function onBadLine(
  { folder, amount, print, stopped }: Work,
  makeLine: () => Promise<BadLine>,
): Promise<void> {
  await using line = await makeLine().catch((failure): undefined => {
    if (!(failure instanceof NoLineError)) throw failure;
    print(`On a bad line: skipped (${failure.message}).`);
    for (const line of BY_HAND) print(line);
  });
  if (line === undefined) return;
  const { how, here, there, address: host } = line;
  print(`On a bad line, made by ${how}: ${LOSS} of 100 packets is lost, either way, and a round`);
  print(`trip takes ${2 * DELAY} ms:`);
  print("");
  const program = (name: string) => new URL(`./${name}`, import.meta.url);
  await using server = new Child({
    prefix: there,
    script: program("server_program.ts"),
    args: [JSON.stringify({ host, data: join(folder, "line") })],
  });
  const served = await Promise.race([server.says(), stopped]);
  await using people = new Child({
    prefix: here,
    script: program("measuring_program.ts"),
    args: [JSON.stringify({ served, amount })],
  });
  const measured = await Promise.race([people.says(), stopped]);
  for (const line of table(measured as BothWays)) print(line);
}

/** Rejects after a time, or at the first signal to leave: what was made is put away then. */
function stopper(ms: number): AsyncDisposable & { readonly promise: Promise<never> } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {}); // Whoever waits for something else too sees it.
  const interrupt = () => reject(new StoppedError("it was stopped"));
  const timer = setTimeout(() => reject(new StoppedError("it took too long")), ms);
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  return {
    promise,
    [Symbol.asyncDispose]() {
      clearTimeout(timer);
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
      return Promise.resolve();
    },
  };
}

/** How TCP slows down for what is lost, where the system says so. */
async function congestionControl(): Promise<string> {
  const name = await readFile(CONGESTION_CONTROL, "utf8").catch(() => "");
  return name === "" ? "" : `; TCP slows down by ${name.trim()}`;
}

async function machine(): Promise<string> {
  const count = availableParallelism();
  const processor = told(() => ` ${cpus()[0]?.model.trim()}`);
  const system = told(() => ` ${release()}`);
  const slowing = await congestionControl();
  return `Measured on ${count} ×${processor} (${arch()}), ${platform()}${system}${slowing}.`;
}

/** What the executable may not ask (`scripts/permissions.ts`) is left out. */
function told(fact: () => string): string {
  try {
    return fact();
  } catch {
    return "";
  }
}
