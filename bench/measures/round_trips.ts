/**
 * One line at a time, there and back on one stream. For Sotto it is a message, which is stored in the
 * database before it is acknowledged.
 */
import { delay, type ServerKind, setUp } from "../harness/servers.ts";
import type { Settings } from "../harness/settings.ts";
import { percentile } from "../compare/stats.ts";

export interface RoundTrips {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export async function measureRoundTrips(
  kind: ServerKind,
  { warmUp, seconds }: Settings,
): Promise<RoundTrips> {
  await using setup = await setUp(kind, 1);
  await setup.connect(1);
  await setup.load.call("roundTrips", { seconds: warmUp });
  await delay(0.1);
  const { milliseconds } = await setup.load.call("roundTrips", { seconds });
  return {
    perSecond: 1000 * milliseconds.length / milliseconds.reduce((sum, each) => sum + each, 0),
    p50: percentile(milliseconds, 0.5),
    p99: percentile(milliseconds, 0.99),
  };
}
