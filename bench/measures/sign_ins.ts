/** Sign-ins with a password, and how many at once delay the messages of others. */
import { delay, type ServerKind, setUp, startLoad } from "../harness/servers.ts";
import type { Settings } from "../harness/settings.ts";
import { percentile } from "../compare/stats.ts";
import { PASSWORD } from "../servers/sotto.ts";

export interface SignIns {
  readonly perSecond: number;
  /** p99 of messages, milliseconds: without sign-ins, and during many. */
  readonly quiet: number;
  readonly storm: number;
  /** How long it took until all were signed in. */
  readonly stormSeconds: number;
}

export async function measureSignIns(kind: ServerKind, settings: Settings): Promise<SignIns> {
  const [audience = 0] = settings.audiences;
  await using setup = await setUp(kind, audience + Math.max(settings.signIns, settings.storm));
  await setup.connect(audience);
  const { load, where } = setup;
  // In their own process: their work for the handshakes is not the server's delay.
  await using newcomers = await startLoad();
  const others = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      user: `user${audience + at + 1}`,
      password: PASSWORD,
    }));
  const alone = await newcomers.call("signIn", {
    where,
    credentials: others(settings.signIns),
    atOnce: 4,
  });
  await delay(settings.warmUp);

  await load.call("steadily", { linesPerSecond: settings.pace / audience });
  await delay(settings.warmUp);
  await load.call("sample");
  await delay(settings.seconds);
  const quiet = await load.call("sample");
  const storm = await newcomers.call("signIn", {
    where,
    credentials: others(settings.storm),
    atOnce: settings.storm,
  });
  const during = await load.call("sample");
  await load.call("stop");
  return {
    perSecond: settings.signIns / alone.seconds,
    quiet: percentile(quiet.latencies, 0.99),
    storm: percentile(during.latencies, 0.99),
    stormSeconds: storm.seconds,
  };
}
