/**
 * `deno task bench`: measures both engines bare, and Sotto's server on each, against the floor, in
 * one run on this machine, and writes `bench/results.md`.
 *
 *     --quick     a minute instead of a quarter of an hour, to see that it works; written to stdout
 *     --only M    one measurement (fan-out, round-trips, throughput, memory, sign-ins, churn,
 *                 starts, floods, remains), written to stdout
 */
import { parseArgs } from "node:util";
import { findPlacement, type Placement } from "./harness/placement.ts";
import { describeMachine } from "./harness/machine.ts";
import { type ServerKind, type ServerName, SERVERS } from "./harness/servers.ts";
import { FULL, QUICK, type Settings } from "./harness/settings.ts";
import { measureChurn } from "./measures/churn.ts";
import { measureFloods } from "./measures/floods.ts";
import { measureFanOut } from "./measures/fan_out.ts";
import { measureIdleMemory } from "./measures/memory.ts";
import { measureRemains } from "./measures/remains.ts";
import { measureRoundTrips } from "./measures/round_trips.ts";
import { measureSignIns } from "./measures/sign_ins.ts";
import { measureStarts } from "./measures/starts.ts";
import { measureThroughput } from "./measures/throughput.ts";
import { report, type Results, type Series } from "./report.ts";

const RESULTS = new URL("./results.md", import.meta.url);

/** Measures every server once in each round, so that other work of the machine affects all alike. */
async function inRounds<Value>(
  what: string,
  servers: readonly ServerKind[],
  rounds: number,
  measure: (kind: ServerKind) => Promise<Value>,
): Promise<Series<Value>> {
  const series = new Map<ServerName, Value[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const kind of servers) {
      console.error(`${what}: ${kind.title}, round ${round} of ${rounds}`);
      const values = series.get(kind.name) ?? [];
      values.push(await measure(kind));
      series.set(kind.name, values);
    }
  }
  return series;
}

async function measureAll(
  settings: Settings,
  placement: Placement,
  only: string | undefined,
): Promise<Results> {
  const bare = SERVERS.filter(({ protocol }) => protocol === "plain");
  const sotto = SERVERS.filter(({ protocol }) => protocol === "sotto");
  const { rounds } = settings;
  const wanted = (name: string, many: number) => only === undefined || only === name ? many : 0;
  const fanOut = new Map();
  for (const audience of settings.audiences) {
    fanOut.set(
      audience,
      await inRounds(
        `fan-out to ${audience}`,
        SERVERS,
        wanted("fan-out", rounds),
        (kind) => measureFanOut(kind, audience, settings),
      ),
    );
  }
  return {
    fanOut,
    roundTrips: await inRounds(
      "round trips",
      SERVERS,
      wanted("round-trips", rounds),
      (kind) => measureRoundTrips(kind, settings),
    ),
    throughput: await inRounds(
      "throughput",
      bare,
      wanted("throughput", rounds),
      (kind) => measureThroughput(kind, settings),
    ),
    memory: await inRounds(
      "memory",
      SERVERS,
      wanted("memory", rounds),
      (kind) => measureIdleMemory(kind, settings),
    ),
    signIns: await inRounds(
      "sign-ins",
      sotto,
      wanted("sign-ins", rounds),
      (kind) => measureSignIns(kind, settings),
    ),
    churn: await inRounds(
      "churn",
      sotto,
      wanted("churn", 1),
      (kind) => measureChurn(kind, settings),
    ),
    starts: wanted("starts", 1) > 0 ? await measureStarts(settings) : [],
    remains: wanted("remains", 1) > 0 ? await measureRemains(settings) : [],
    floods: await inRounds(
      "floods",
      sotto,
      wanted("floods", 1),
      (kind) => measureFloods(kind, placement, settings),
    ),
  };
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { quick: { type: "boolean" }, only: { type: "string" } },
  });
  const settings = values.quick ? QUICK : FULL;
  const machine = describeMachine();
  const began = performance.now();
  const placement = await findPlacement();
  const results = await measureAll(settings, placement, values.only);
  const minutes = (performance.now() - began) / 60_000;
  const run = { ...machine, minutes, placement: placement.description };
  const text = report(results, settings, run);
  if (values.quick || values.only !== undefined) console.log(text);
  else await Deno.writeTextFile(RESULTS, text);
}

await main(Deno.args);
