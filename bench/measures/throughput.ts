/** Bulk data on one stream, to a bare server and from it. Mebibytes a second. */
import { type ServerKind, setUp } from "../harness/servers.ts";
import type { Settings } from "../harness/settings.ts";

export interface Throughput {
  readonly toServer: number;
  readonly fromServer: number;
}

export async function measureThroughput(
  kind: ServerKind,
  { mebibytes }: Settings,
): Promise<Throughput> {
  await using setup = await setUp(kind, 0);
  const { load, where } = setup;
  const warmUp = Math.ceil(mebibytes / 8);
  await load.call("sink", { where, mebibytes: warmUp });
  await load.call("source", { where, mebibytes: warmUp });
  const to = await load.call("sink", { where, mebibytes });
  const from = await load.call("source", { where, mebibytes });
  return { toServer: mebibytes / to.seconds, fromServer: mebibytes / from.seconds };
}
