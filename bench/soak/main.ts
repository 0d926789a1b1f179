/**
 * `npm run soak`: a crowd comes, talks, sends files, goes silent, vanishes and moves, for minutes. The
 * server, which has all of its limits, is measured every few seconds. Draws a picture for docs/, prints
 * its figures, and fails unless they are flat (`verdict.ts`) and nothing is left when all have gone.
 *
 *     npm run soak -- [--minutes 10] [--clients 300] [--engine builtin|quiche] [--seed 1]
 *                     [--picture FILE]
 */
import { parseArgs } from "node:util";
import { percentile } from "../compare/stats.ts";
import { Child } from "../harness/child.ts";
import { countDescriptors } from "../harness/descriptors.ts";
import { heapObjects } from "../harness/heap_census.ts";
import { describeMachine } from "../harness/machine.ts";
import type { Held } from "../measures/remains.ts";
import { findPlacement } from "../harness/placement.ts";
import { delay, scriptOf } from "../harness/servers.ts";
import type { PoliteCommands } from "../load/polite.ts";
import type { SottoCommands, SottoReady } from "../servers/sotto.ts";
import { type Chart, drawCharts } from "./chart.ts";
import type { Counts } from "./counts.ts";
import type { CrowdCommands } from "./crowd.ts";
import { soakReport } from "./report.ts";
import type { Sample } from "./sample.ts";
import { judge } from "./verdict.ts";

/** Seconds between two samples. */
const INTERVAL = 5;
/** Clients that measure, and lines a second of all of them. */
const POLITE = 10;
const PACE = 20;
/** Seconds until the server knows that who vanished is gone (`idleTimeout`), and a bit. */
const GHOSTS = 60;
/** What the addon of quiche loses on Deno for each datagram that it sends (docs/security.md). */
const LOST_BYTES = 48;
const MIB = 1024 * 1024;

interface Options {
  readonly engine: string;
  readonly minutes: number;
  readonly clients: number;
  readonly seed: number;
  readonly picture: string | undefined;
}

type Server = Child<SottoReady, SottoCommands>;
type Polite = Child<unknown, PoliteCommands>;
type Crowd = Child<unknown, CrowdCommands>;

interface Outcome {
  readonly samples: readonly Sample[];
  readonly counts: Counts;
  readonly before: Held;
  readonly after: Held;
  readonly objects: ReadonlyMap<string, number>;
}

async function soak({ engine, minutes, clients, seed }: Options): Promise<Outcome> {
  const placement = await findPlacement();
  await using parts = new AsyncDisposableStack();
  const accounts = String(clients + POLITE);
  const server: Server = parts.use(
    await Child.start(scriptOf("servers/sotto"), [engine, accounts, "limited"], placement.server),
  );
  const { port, hash, tokens } = await server.ready();
  const polite: Polite = parts.use(
    await Child.start(scriptOf("load/polite"), [], placement.clients),
  );
  const crowd: Crowd = parts.use(
    await Child.start(scriptOf("soak/crowd"), [String(seed)], placement.clients),
  );
  const credentials = tokens.slice(0, POLITE).map((token) => ({ token }));
  await polite.call("connect", { where: { port, hash, protocol: "sotto" }, credentials });
  await polite.call("talk", { pace: PACE, seconds: INTERVAL });
  const before = await lookAt(server);
  const people = tokens.slice(POLITE).map((token, at) => ({
    name: `user${POLITE + at + 1}`,
    token,
  }));
  await crowd.call("start", { port, hash, people });
  const samples = await watch({ server, polite, crowd, minutes, engine });
  const counts = await crowd.call("stop");
  console.error(`All have left. In ${GHOSTS} s the server knows it of everyone.`);
  await delay(GHOSTS);
  const after = await lookAt(server);
  const objects = await heapObjects((path) => server.call("snapshot", { path }));
  return { samples, counts, before, after, objects };
}

async function watch(
  { server, polite, crowd, minutes, engine }: {
    readonly server: Server;
    readonly polite: Polite;
    readonly crowd: Crowd;
    readonly minutes: number;
    readonly engine: string;
  },
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const began = performance.now();
  let usage = await server.call("usage");
  for (let minute = 0; minute < minutes;) {
    const { acks, unanswered } = await polite.call("talk", { pace: PACE, seconds: INTERVAL });
    const { cpu, at } = usage;
    usage = await server.call("usage");
    const { present, datagrams } = await crowd.call("counts");
    minute = (performance.now() - began) / 60_000;
    const sample = {
      minute,
      ...await server.call("memoryNow"),
      lost: engine === "quiche" ? datagrams * LOST_BYTES : 0,
      descriptors: await countDescriptors(server.pid),
      present,
      cpu: (usage.cpu - cpu) / 1000 / (usage.at - at),
      p50: percentile(acks, 0.5),
      p99: percentile(acks, 0.99),
      unanswered,
    };
    samples.push(sample);
    console.error(lineOf(sample));
  }
  return samples;
}

function lineOf({ minute, present, rss, heap, descriptors, p50, p99, cpu }: Sample): string {
  return [
    `${minute.toFixed(1)} min: ${present} here, ${(rss / MIB).toFixed(0)} MiB`,
    `(heap ${(heap / MIB).toFixed(0)}), ${descriptors} descriptors`,
    `acks ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, CPU ${(100 * cpu).toFixed(0)} %`,
  ].join(", ");
}

/** What the server holds once V8 has given back all that it can. */
async function lookAt(server: Server): Promise<Held> {
  return { ...await server.call("memory"), descriptors: await countDescriptors(server.pid) };
}

function chartsOf(samples: readonly Sample[]): Chart[] {
  const of = (name: string, pick: (sample: Sample) => number) => ({
    name,
    values: samples.map(pick),
  });
  const lost = samples.some((sample) => sample.lost > 0)
    ? [of("resident, without what the addon loses", ({ rss, lost }) => (rss - lost) / MIB)]
    : [];
  return [
    {
      title: "Memory of the server",
      unit: "MiB",
      lines: [
        of("resident", ({ rss }) => rss / MIB),
        of("V8's heap", ({ heap }) => heap / MIB),
        ...lost,
      ],
    },
    {
      title: "People, and descriptors of the server",
      unit: "",
      lines: [of("people", (each) => each.present), of("descriptors", (each) => each.descriptors)],
    },
    {
      title: "From a line to its ack",
      unit: "ms",
      lines: [of("p50", ({ p50 }) => p50), of("p99", ({ p99 }) => p99)],
    },
    {
      title: "Processor time of the server",
      unit: "% of a core",
      lines: [of("all threads", ({ cpu }) => 100 * cpu)],
    },
  ];
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      engine: { type: "string", default: "builtin" },
      minutes: { type: "string", default: "10" },
      clients: { type: "string", default: "300" },
      seed: { type: "string", default: "1" },
      picture: { type: "string" },
    },
  });
  const { engine, picture } = values;
  const [minutes, clients, seed] = [values.minutes, values.clients, values.seed].map(Number);
  if (!(minutes && minutes > 0 && clients && clients > 0) || seed === undefined) {
    throw new Error("--minutes and --clients take numbers from 1 up, and --seed a number");
  }
  if (engine !== "builtin" && engine !== "quiche") throw new Error("--engine: builtin or quiche");
  return { engine, minutes, clients, seed, picture };
}

const options = readOptions(Deno.args);
const machine = describeMachine();
const outcome = await soak(options);
const findings = judge(outcome.samples);
const { text, passed } = soakReport({
  ...options,
  machine,
  findings,
  staying: POLITE,
  ...outcome,
});
console.log(text);
if (options.picture !== undefined) {
  const title = `${options.clients} people for ${options.minutes} minutes, on ${options.engine}`;
  const times = outcome.samples.map(({ minute }) => minute);
  const charts = chartsOf(outcome.samples);
  await Deno.writeTextFile(options.picture, drawCharts({ title, times, charts }));
}
Deno.exitCode = passed ? 0 : 1;
