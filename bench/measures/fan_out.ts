/** One client sends, all receive: CPU for each delivery, and how long one takes. */
import type { Usage } from "../harness/commands.ts";
import { droppedAt } from "../harness/dropped.ts";
import { delay, type ServerKind, type Setup, setUp } from "../harness/servers.ts";
import type { Settings } from "../harness/settings.ts";
import { percentile } from "../compare/stats.ts";
import type { Sample } from "../load/talk.ts";

export interface FanOut {
  /** At a steady pace. */
  readonly steady: Load & { readonly p50: number; readonly p99: number };
  /** At full load. */
  readonly saturated: Load;
}

export interface Load {
  /** Microseconds of the server's CPU for each delivery. */
  readonly cpu: number;
  /** Deliveries a second. */
  readonly deliveries: number;
  /** Share of one core that the server, and the load, took. */
  readonly serverShare: number;
  readonly loadShare: number;
  /** Datagrams a second that did not fit into the receive buffer of the server's socket. */
  readonly dropped: number;
}

export async function measureFanOut(
  kind: ServerKind,
  audience: number,
  settings: Settings,
): Promise<FanOut> {
  await using setup = await setUp(kind, audience);
  await setup.connect(audience);
  const { load } = setup;
  await delay(settings.warmUp);

  await load.call("steadily", { linesPerSecond: settings.pace / audience });
  const steady = await observe(setup, settings);
  await load.call("stop");
  await delay(0.5);

  await load.call("asMuchAsPossible", { window: settings.window });
  const saturated = await observe(setup, settings);
  await load.call("stop");
  const { latencies } = steady.sample;
  return {
    steady: {
      ...steady.load,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
    },
    saturated: saturated.load,
  };
}

/** Measures the server and the load for a while. */
async function observe(
  { server, load, where }: Setup,
  { warmUp, seconds }: Settings,
): Promise<{ sample: Sample; load: Load }> {
  await delay(warmUp);
  const ofServer = await watch(() => server.call("usage"));
  const ofLoad = await watch(() => load.call("usage"));
  const droppedBefore = await droppedAt(where.port);
  await load.call("sample");
  await delay(seconds);
  const sample = await load.call("sample");
  const serverShare = await ofServer();
  const loadShare = await ofLoad();
  const deliveries = sample.deliveries / sample.seconds;
  const cpu = serverShare * 1e6 / deliveries;
  const dropped = (await droppedAt(where.port) - droppedBefore) / sample.seconds;
  return { sample, load: { cpu, deliveries, serverShare, loadShare, dropped } };
}

/** The share of one core that a process takes from now until the returned function is called. */
async function watch(usage: () => Promise<Usage>): Promise<() => Promise<number>> {
  const before = await usage();
  return async () => {
    const after = await usage();
    return (after.cpu - before.cpu) / 1000 / (after.at - before.at);
  };
}
