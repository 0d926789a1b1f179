/** The memory that an idle client costs the server, and how fast clients connect. */
import { delay, type ServerKind, setUp } from "../harness/servers.ts";
import type { Settings } from "../harness/settings.ts";

export interface IdleMemory {
  /** Bytes for each connection; for Sotto, of a client that has signed in. */
  readonly bytes: number;
  /** Connections a second; for Sotto, sign-ins with a token. */
  readonly perSecond: number;
}

export async function measureIdleMemory(
  kind: ServerKind,
  { idle, warmUp }: Settings,
): Promise<IdleMemory> {
  const before = Math.ceil(idle / 10);
  await using setup = await setUp(kind, before + idle);
  await setup.connect(before, { idle: true }); // So that what is loaded once is loaded.
  await delay(warmUp);
  const first = await setup.server.call("memory");
  const { seconds } = await setup.connect(idle, { idle: true });
  await delay(warmUp);
  const second = await setup.server.call("memory");
  return { bytes: (second.rss - first.rss) / idle, perSecond: idle / seconds };
}
