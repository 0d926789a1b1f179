/**
 * `sotto bench compare`: measures the same chat work over QUIC and over TLS, on loopback and, where
 * the system permits it, on a link that loses packets.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { arch, availableParallelism, cpus, platform, release, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { EXIT } from "../../protocol/exit_codes.ts";
import { amountFor, type BothTransports, measureBothTransports } from "./both_transports.ts";
import { Child } from "./child.ts";
import { DELAY, LOSS, type LossyLink, makeLossyLink, NoLossyLinkError } from "./lossy_link.ts";
import type { Amount } from "./measure.ts";
import { EXPLANATION, table } from "./report.ts";
import { startServerThread } from "./server_thread.ts";

interface CompareOptions {
  /** About how long each table takes. Default 15. */
  readonly seconds?: number | undefined;
}

interface CompareParts {
  readonly print: (line: string) => void;
  /** For tests. */
  readonly makeLink?: () => Promise<LossyLink>;
}

const SECONDS = 15;
const CONGESTION_CONTROL = "/proc/sys/net/ipv4/tcp_congestion_control";
const LOOPBACK = "127.0.0.1";
// A table times out after this many times as long as it should take, plus this many milliseconds.
const TIMEOUT_FACTOR = 4;
const TIMEOUT_EXTRA = 30_000;

/** How to get the second table by hand. On `lo`, netem handles each packet once per direction. */
const BY_HAND = [
  "This takes Linux, root, iproute2, a kernel with netem or VXLAN, and a run from the sources (npm",
  "run compare): the executable may not start other programs. To compare by hand on such a link:",
  "",
  "  ip netns add bad && ip -n bad link set lo up",
  `  tc -n bad qdisc add dev lo root netem limit 20000 delay ${DELAY}ms loss ${LOSS}%`,
  "  ip netns exec bad sotto bench compare",
  "  ip netns delete bad",
];

/** The comparison timed out, or got a signal to stop. */
class StoppedError extends Error {
  override readonly name = "StoppedError";
}

/** Measures and prints. Resolves with the exit code. */
export async function runCompare(
  { seconds = SECONDS }: CompareOptions,
  { print, makeLink = makeLossyLink }: CompareParts,
): Promise<number> {
  const amount = amountFor(seconds);
  await using stop = stopper(2 * (TIMEOUT_FACTOR * seconds * 1000 + TIMEOUT_EXTRA));
  const folder = await mkdtemp(join(tmpdir(), "sotto-compare-"));
  try {
    print(`The same chat work over QUIC and over TLS. Each table takes about ${seconds} s.`);
    print(await machine());
    print("");
    print("On this machine (loopback):");
    print("");
    await onLoopback({ folder, amount, print, stopped: stop.promise });
    print("");
    await onLossyLink({ folder, amount, print, stopped: stop.promise }, makeLink);
    print("");
    for (const line of EXPLANATION) print(line);
    return EXIT.done;
  } catch (failure) {
    print("");
    print(`Stopped: ${failure instanceof Error ? failure.message : String(failure)}`);
    return EXIT.failed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Work {
  readonly folder: string;
  readonly amount: Amount;
  readonly print: (line: string) => void;
  /** Rejects on a timeout or a signal. */
  readonly stopped: Promise<never>;
}

async function onLoopback({ folder, amount, print, stopped }: Work): Promise<void> {
  await using server = await startServerThread({ host: LOOPBACK, data: join(folder, "loopback") });
  const measured = await Promise.race([measureBothTransports(server.info, amount), stopped]);
  for (const line of table(measured)) print(line);
}

async function onLossyLink(
  { folder, amount, print, stopped }: Work,
  makeLink: () => Promise<LossyLink>,
): Promise<void> {
  await using link = await makeLink().catch((failure): undefined => {
    if (!(failure instanceof NoLossyLinkError)) throw failure;
    print(`On a link that loses packets: skipped (${failure.message}).`);
    for (const line of BY_HAND) print(line);
  });
  if (link === undefined) return;
  const { method, here, there, address: host } = link;
  print(`On a link that loses packets, made by ${method}: ${LOSS} of 100 packets is lost in each`);
  print(`direction, and a round trip takes ${2 * DELAY} ms:`);
  print("");
  const data = join(folder, "lossy");
  await using serving = new Child({ prefix: there, role: "server", settings: { host, data } });
  const server = await Promise.race([serving.output(), stopped]);
  await using measuring = new Child({
    prefix: here,
    role: "measure",
    settings: { server, amount },
  });
  const measured = await Promise.race([measuring.output(), stopped]);
  for (const line of table(measured as BothTransports)) print(line);
}

/** Rejects after a time, or on the first signal: the caller then removes what it made. */
function stopper(ms: number): AsyncDisposable & { readonly promise: Promise<never> } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {}); // It is raced against other promises.
  const interrupt = () => reject(new StoppedError("it was interrupted"));
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

/** TCP's congestion control, where the system tells it. */
async function congestionControl(): Promise<string> {
  const name = await readFile(CONGESTION_CONTROL, "utf8").catch(() => "");
  return name === "" ? "" : `; TCP congestion control: ${name.trim()}`;
}

async function machine(): Promise<string> {
  const count = availableParallelism();
  const processor = ifAllowed(() => ` ${cpus()[0]?.model.trim()}`);
  const system = ifAllowed(() => ` ${release()}`);
  const congestion = await congestionControl();
  return `Measured on ${count} ×${processor} (${arch()}), ${platform()}${system}${congestion}.`;
}

/** Empty where the executable has no permission to ask (`scripts/permissions.ts`). */
function ifAllowed(fact: () => string): string {
  try {
    return fact();
  } catch {
    return "";
  }
}
