/**
 * The own side of a process of the bench: it reads commands as lines of JSON from stdin, and writes
 * answers to stdout. Every process reports its use of CPU and memory.
 */
import { createInterface } from "node:readline";
import process from "node:process";

/** What a process has used since it started. */
export interface Usage {
  /** Microseconds of all its threads. */
  readonly cpu: number;
  /** Milliseconds from any fixed point, for differences. */
  readonly at: number;
}

interface Memory {
  /** Bytes in RAM, and those of them that V8's objects take up. */
  readonly rss: number;
  readonly heap: number;
}

type Handler = (args: never) => unknown;
type Handlers = Readonly<Record<string, Handler>>;

/** What every process answers. */
export interface Basics {
  usage(): Usage;
  /** After V8 has given back all that it can. */
  memory(): Promise<Memory>;
  /** As it is: it costs nothing. */
  memoryNow(): Memory;
}

/** One line of either direction. */
export interface Line {
  readonly id?: number;
  readonly command?: string;
  readonly args?: unknown;
  readonly ready?: unknown;
  readonly result?: unknown;
  readonly error?: string;
}

/**
 * Reports that the process is ready, and serves commands until its stdin ends. Then cleans up and ends
 * the process, whatever is still running.
 */
export async function serveCommands(
  ready: unknown,
  handlers: Handlers = {},
  putAway: () => Promise<void> = () => Promise.resolve(),
): Promise<never> {
  const all: Handlers = { usage, memory, memoryNow, ...handlers };
  say({ ready });
  for await (const text of createInterface({ input: process.stdin })) {
    const { id, command = "", args } = JSON.parse(text) as Line;
    void answer(id ?? 0, all[command], args);
  }
  await putAway();
  process.exit(0);
}

async function answer(id: number, handler: Handler | undefined, args: unknown): Promise<void> {
  try {
    if (handler === undefined) throw new Error("There is no such command");
    say({ id, result: await handler(args as never) });
  } catch (error) {
    say({ id, error: error instanceof Error ? error.stack ?? error.message : String(error) });
  }
}

function say(line: Line): void {
  process.stdout.write(JSON.stringify(line) + "\n");
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, at: performance.now() };
}

async function memory(): Promise<Memory> {
  // Until V8 gives back its reserve, sizes show the busiest moment so far. Collect more than once: a
  // collection only queues what finalizers release.
  for (let round = 0; round < 3; round++) {
    collect?.({ type: "major", execution: "sync", flavor: "last-resort" });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return memoryNow();
}

function memoryNow(): Memory {
  const { rss, heapUsed: heap } = process.memoryUsage();
  return { rss, heap };
}

/** Defined with V8's flag `--expose-gc`. */
const collect = (globalThis as { gc?: (options: Record<string, string>) => void }).gc;
