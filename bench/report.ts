/** The figures of a run as a page: first the goals, then everything. Pure. */
import type { Machine } from "./harness/machine.ts";
import { type ServerName, SERVERS } from "./harness/servers.ts";
import type { Settings } from "./harness/settings.ts";
import { remainsSection } from "./remains_report.ts";
import { median } from "./compare/stats.ts";
import type { Churn } from "./measures/churn.ts";
import { FLOOD_TITLES, floodRatio, floodsSection } from "./flood_report.ts";
import { rowsOf, tableOf } from "./markdown.ts";
import type { FanOut } from "./measures/fan_out.ts";
import type { Floods } from "./measures/floods.ts";
import type { IdleMemory } from "./measures/memory.ts";
import type { Remains } from "./measures/remains.ts";
import type { RoundTrips } from "./measures/round_trips.ts";
import type { SignIns } from "./measures/sign_ins.ts";
import type { Starts } from "./measures/starts.ts";
import type { Throughput } from "./measures/throughput.ts";

/** What was measured of each server, a value for each round. */
export type Series<Value> = ReadonlyMap<ServerName, readonly Value[]>;

export interface Results {
  /** By the number of clients. */
  readonly fanOut: ReadonlyMap<number, Series<FanOut>>;
  readonly roundTrips: Series<RoundTrips>;
  readonly throughput: Series<Throughput>;
  readonly memory: Series<IdleMemory>;
  readonly signIns: Series<SignIns>;
  readonly churn: Series<Churn>;
  readonly starts: readonly Starts[];
  readonly floods: Series<Floods>;
  readonly remains: readonly Remains[];
}

export interface Run extends Machine {
  readonly minutes: number;
  /** Who runs where while there are floods. */
  readonly placement: string;
}

const KIB = 1024;
const MIB = 1024 * 1024;

export function report(results: Results, settings: Settings, run: Run): string {
  return [
    "# Results of the bench",
    howToRead(settings, run),
    targets(results, settings),
    ...[...results.fanOut].map(([audience, series]) => fanOut(audience, series, settings)),
    roundTrips(results.roundTrips),
    throughput(results.throughput, settings),
    memory(results.memory, settings),
    signIns(results.signIns, settings),
    churn(results.churn, settings),
    starts(results.starts),
    remainsSection(results.remains, settings.visits),
    floodsSection(
      SERVERS.flatMap(({ name, title }) =>
        (results.floods.get(name) ?? []).map((value) => [title, value] as const)
      ),
      settings,
      run.placement,
    ),
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

function howToRead({ trial, rounds, seconds, pace }: Settings, run: Run): string {
  const minutes = run.minutes.toFixed(0);
  const machine = [
    ["machine", ""],
    ["---", "---"],
    ["processor", run.processor],
    ["memory", run.memory],
    ["system", run.system],
    ["runtime", run.runtime],
    ["load average before", run.load.toFixed(2)],
  ];
  const servers = [
    "**What is compared.** The _floor_ is a bare server on Deno's built-in QUIC that writes each",
    "line once to each client's stream, and does nothing else. _Bare_ engines do the same through",
    "Sotto's transport interface. _Sotto_ is the whole server: every message is decoded, checked,",
    "numbered, committed to SQLite, acknowledged and fanned out. All move the same number of bytes",
    "for a line. Server and load are processes of their own on this machine, and the load is the",
    "same for all.",
  ];
  const figures = [
    `**How to read it.** Figures are medians of ${rounds} rounds (of ${seconds} s each); servers`,
    "take turns within a round. What counts are the ratios within a run: another machine, or",
    `another hour, gives other figures. "At a pace" is ${thousands(pace)} deliveries a second,`,
    'each line by itself; "saturated" is as much as comes back, with many lines under way. CPU is',
    "that of the server's process with all its threads. Memory is what is resident once V8 has",
    'given back all that it can. "Dropped" are datagrams that did not fit into the receive buffer of',
    "the server's socket.",
  ];
  return [
    `Written by \`deno task bench\` on ${run.date}, in ${minutes} minutes.`,
    ...(trial ? ["**A trial: these figures show that everything runs, and no more.**"] : []),
    rowsOf(machine),
    servers.join(" "),
    figures.join(" "),
  ].join("\n\n");
}

/** A goal. */
interface Target {
  readonly what: string;
  readonly most: number;
  readonly unit: string;
  readonly value: number;
  /** Digits after the point. Default: 2. */
  readonly digits?: number;
}

/** The goals, and whether they were met. */
function targets(results: Results, settings: Settings): string {
  const rows = [
    ...fanOutTargets(results),
    ...clientTargets(results, settings),
    ...startTargets(results),
    ...floodTargets(results),
  ]
    .filter(({ value }) => Number.isFinite(value))
    .map(({ what, most, unit, value, digits = 2 }) => [
      what,
      `${most}${unit}`,
      `${value.toFixed(digits)}${unit}`,
      value <= most ? "yes" : "**no**",
    ]);
  if (rows.length === 0) return "";
  const head = [["", "at most", "measured", "met"], ["---", "---:", "---:", "---"]];
  return `## What was asked for\n\n${rowsOf([...head, ...rows])}`;
}

/** All are ratios to the floor. */
function* fanOutTargets({ fanOut }: Results): Generator<Target> {
  for (const [audience, series] of fanOut) {
    const target = (
      name: ServerName,
      what: string,
      most: number,
      of: (value: FanOut) => number,
    ): Target => ({
      what: `${what}, ${audience} clients`,
      most,
      unit: "×",
      value: middle(series, name, of) / middle(series, "floor", of),
    });
    const paced = (value: FanOut) => value.steady.cpu;
    const saturated = (value: FanOut) => value.saturated.cpu;
    yield target("quiche", "quiche bare: CPU of the floor's, at a pace", 1.6, paced);
    yield target("quiche", "quiche bare: CPU of the floor's, saturated", 1.6, saturated);
    const sotto = "Sotto on builtin";
    yield target("sotto-builtin", `${sotto}: CPU of the floor's, at a pace`, 1.5, paced);
    yield target("sotto-builtin", `${sotto}: CPU of the floor's, saturated`, 1, saturated);
    const p99 = (value: FanOut) => value.steady.p99;
    yield target("sotto-builtin", `${sotto}: p99 of the floor's, at a pace`, 2, p99);
  }
}

function* clientTargets({ memory, signIns }: Results, { storm }: Settings): Generator<Target> {
  const bytes = (value: IdleMemory) => value.bytes;
  for (const engine of ["builtin", "quiche"] as const) {
    const sotto: ServerName = `sotto-${engine}`;
    yield {
      what: `Sotto on ${engine}: an idle signed-in client, on top of the bare engine's connection`,
      most: 40,
      unit: " KiB",
      value: (middle(memory, sotto, bytes) - middle(memory, engine, bytes)) / KIB,
    };
    yield {
      what: `Sotto on ${engine}: p99 while ${storm} sign in at once, of its quiet value`,
      most: 3,
      unit: "×",
      value: middle(signIns, sotto, (value) => value.storm / value.quiet),
    };
  }
}

function* startTargets({ starts }: Results): Generator<Target> {
  for (const { ui, times } of starts) {
    yield {
      what: `${START_OF[ui]}: from its start to the line that is typed`,
      most: 400,
      unit: " ms",
      value: median(times),
      digits: 0,
    };
  }
}

function* floodTargets({ floods }: Results): Generator<Target> {
  for (const { name: server, title } of SERVERS) {
    for (const [name, pairs] of floods.get(server)?.[0] ?? []) {
      yield {
        what: `${title}: p99 of acks in a flood of ${FLOOD_TITLES[name]}, of its quiet value`,
        most: 3,
        unit: "×",
        value: floodRatio(pairs),
      };
    }
  }
}

function fanOut(audience: number, series: Series<FanOut>, { pace }: Settings): string {
  const floor = {
    steady: middle(series, "floor", ({ steady }) => steady.cpu),
    saturated: middle(series, "floor", ({ saturated }) => saturated.cpu),
  };
  return table(
    `Fan-out to ${audience} clients`,
    series,
    [
      `CPU for a delivery at ${thousands(pace)}/s`,
      "of the floor's",
      "p50",
      "p99",
      "dropped/s",
      "CPU for a delivery, saturated",
      "of the floor's",
      "deliveries/s",
      "server's CPU",
      "load's CPU",
      "dropped/s",
    ],
    (name) => {
      const steady = middle(series, name, (each) => each.steady.cpu);
      const saturated = middle(series, name, (each) => each.saturated.cpu);
      return [
        `${steady.toFixed(1)} µs`,
        `${(steady / floor.steady).toFixed(2)}×`,
        `${middle(series, name, (each) => each.steady.p50).toFixed(1)} ms`,
        `${middle(series, name, (each) => each.steady.p99).toFixed(1)} ms`,
        thousands(middle(series, name, (each) => each.steady.dropped)),
        `${saturated.toFixed(2)} µs`,
        `${(saturated / floor.saturated).toFixed(2)}×`,
        thousands(middle(series, name, (each) => each.saturated.deliveries)),
        percent(middle(series, name, (each) => each.saturated.serverShare)),
        percent(middle(series, name, (each) => each.saturated.loadShare)),
        thousands(middle(series, name, (each) => each.saturated.dropped)),
      ];
    },
  );
}

function roundTrips(series: Series<RoundTrips>): string {
  return table(
    "Round trips on one stream (Sotto: stored and acknowledged)",
    series,
    ["a second", "p50", "p99"],
    (name) => [
      thousands(middle(series, name, ({ perSecond }) => perSecond)),
      `${middle(series, name, ({ p50 }) => p50).toFixed(2)} ms`,
      `${middle(series, name, ({ p99 }) => p99).toFixed(2)} ms`,
    ],
  );
}

function throughput(series: Series<Throughput>, { mebibytes }: Settings): string {
  return table(
    `One-way throughput of one stream (${mebibytes} MiB)`,
    series,
    ["to the server", "from the server"],
    (name) => [
      `${middle(series, name, ({ toServer }) => toServer).toFixed(0)} MiB/s`,
      `${middle(series, name, ({ fromServer }) => fromServer).toFixed(0)} MiB/s`,
    ],
  );
}

function memory(series: Series<IdleMemory>, { idle }: Settings): string {
  return table(
    `Memory of an idle connection (of ${idle}; Sotto: signed in)`,
    series,
    ["resident memory for each", "connections a second (Sotto: sign-ins with a token)"],
    (name) => [
      `${(middle(series, name, ({ bytes }) => bytes) / KIB).toFixed(0)} KiB`,
      thousands(middle(series, name, ({ perSecond }) => perSecond)),
    ],
  );
}

function signIns(series: Series<SignIns>, { storm }: Settings): string {
  return table(
    "Sign-ins with a password",
    series,
    [
      "a second",
      "p99 of messages, quiet",
      `p99 while ${storm} sign in at once`,
      "all were in after",
    ],
    (name) => [
      middle(series, name, ({ perSecond }) => perSecond).toFixed(1),
      `${middle(series, name, ({ quiet }) => quiet).toFixed(1)} ms`,
      `${middle(series, name, (each) => each.storm).toFixed(1)} ms`,
      `${middle(series, name, ({ stormSeconds }) => stormSeconds).toFixed(1)} s`,
    ],
  );
}

function churn(series: Series<Churn>, { churn, afterwards }: Settings): string {
  const looks = [...series.values()][0]?.[0]?.later.length ?? 0;
  const times = Array.from(
    { length: looks },
    (_, at) => `after ${Math.round((at + 1) * afterwards / looks)} s of fan-out`,
  );
  return table(
    `Resident memory, ${thousands(churn)} connections opened and closed`,
    series,
    ["before", "after them", ...times, "after as many again", "deliveries meanwhile"],
    (name) => {
      const [value] = series.get(name) ?? [];
      if (value === undefined) return [];
      const sizes = [value.before, value.after, ...value.later, value.again];
      return [
        ...sizes.map((size) => `${(size / MIB).toFixed(1)} MiB`),
        thousands(value.deliveries),
      ];
    },
  );
}

/** The name of a kind of client. */
const START_OF: Readonly<Record<Starts["ui"], string>> = {
  interface: "A client with its interface",
  plain: "A client with `--plain`",
};

function starts(all: readonly Starts[]): string {
  if (all.length === 0) return "";
  const ms = (value: number) => `${Math.round(value)} ms`;
  const rows = [
    ["", "median", "fastest", "slowest", "starts"],
    ...all.map(({ ui, times }) => [
      START_OF[ui],
      ...[median(times), Math.min(...times), Math.max(...times)].map(ms),
      String(times.length),
    ]),
  ];
  const title = "From the start of a client to the line that is typed (with a token)";
  return `## ${title}\n\n${tableOf(rows)}`;
}

function table(
  title: string,
  series: Series<unknown>,
  columns: readonly string[],
  cells: (name: ServerName) => readonly string[],
): string {
  const measured = SERVERS.filter(({ name }) => series.has(name));
  if (measured.length === 0) return "";
  const rows = measured.map(({ name, title }) => [title, ...cells(name)]);
  return `## ${title}\n\n${tableOf([["", ...columns], ...rows])}`;
}

/** The median of a measurement of a server. */
function middle<Value>(
  series: Series<Value>,
  name: ServerName,
  of: (value: Value) => number,
): number {
  return median((series.get(name) ?? []).map(of));
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
