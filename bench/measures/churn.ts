/** Whether memory returns to its level after thousands of connections opened and closed. */
import { delay, type ServerKind, setUp } from "../harness/servers.ts";
import type { Settings } from "../harness/settings.ts";

export interface Churn {
  /** Bytes: with the clients that stay, after the others have closed, then over time. */
  readonly before: number;
  readonly after: number;
  readonly later: readonly number[];
  /** After as many connections again: shows what is kept once, and what for each. */
  readonly again: number;
  readonly deliveries: number;
}

/** Samples of memory during the fan-out. */
const LOOKS = 4;

export async function measureChurn(kind: ServerKind, settings: Settings): Promise<Churn> {
  const [audience = 0] = settings.audiences;
  await using setup = await setUp(kind, audience);
  await setup.connect(audience);
  const { load, server, where } = setup;
  const rss = async () => (await server.call("memory")).rss;

  await load.call("steadily", { linesPerSecond: settings.pace / audience });
  await delay(settings.warmUp);
  await load.call("stop");
  const before = await rss();
  await load.call("churn", { where, count: settings.churn });
  await delay(settings.warmUp);
  const after = await rss();
  await load.call("steadily", { linesPerSecond: settings.pace / audience });
  await load.call("sample");
  const later: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    await delay(settings.afterwards / LOOKS);
    later.push(await rss());
  }
  const { deliveries } = await load.call("sample");
  await load.call("stop");
  await load.call("churn", { where, count: settings.churn });
  await delay(settings.warmUp);
  return { before, after, later, again: await rss(), deliveries };
}
