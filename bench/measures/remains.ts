/**
 * What the server still has of connections that were closed: as many are opened and closed in each
 * round, and signed in and heard between, and what remains after the second round must not grow in
 * the third. (The first loads code and fills caches.)
 */
import { Child } from "../harness/child.ts";
import { countDescriptors } from "../harness/descriptors.ts";
import { heapObjects } from "../harness/heap_census.ts";
import { delay, scriptOf, startLoad } from "../harness/servers.ts";
import type { Settings } from "../harness/settings.ts";
import type { SottoCommands, SottoReady } from "../servers/sotto.ts";

/** What the server holds once V8 has given back all that it can. */
export interface Held {
  /** Bytes. */
  readonly rss: number;
  readonly heap: number;
  readonly descriptors: number;
}

export interface Remains {
  readonly transport: string;
  /** Before, and after each round. */
  readonly held: readonly Held[];
  /** Objects by class that one more round has added, more than one for ten connections. */
  readonly kept: ReadonlyMap<string, number>;
}

const TRANSPORTS = ["builtin", "quiche", "tls"] as const;
const ROUNDS = 3;
const ACCOUNTS = 50;
/** Seconds until the end of a connection is known on both ends. */
const PAUSE = 3;

export async function measureRemains({ visits }: Settings): Promise<Remains[]> {
  const all: Remains[] = [];
  for (const transport of TRANSPORTS) {
    console.error(`remains: ${transport}`);
    all.push(await measure(transport, visits));
  }
  return all;
}

async function measure(transport: typeof TRANSPORTS[number], visits: number): Promise<Remains> {
  await using parts = new AsyncDisposableStack();
  const args = [transport, String(ACCOUNTS)];
  const server = parts.use(
    await Child.start<SottoReady, SottoCommands>(scriptOf("servers/sotto"), args),
  );
  const load = parts.use(await startLoad(transport === "tls" ? "tls" : undefined));
  const { port, hash, tokens } = await server.ready();
  const where = { port, hash, protocol: "sotto" } as const;
  const credentials = tokens.map((token) => ({ token }));
  const visit = async () => {
    await load.call("visit", { where, credentials, count: visits });
    await delay(PAUSE);
  };
  const look = async (): Promise<Held> => {
    const { rss, heap } = await server.call("memory");
    return { rss, heap, descriptors: await countDescriptors(server.pid) };
  };
  const held = [await look()];
  for (let round = 0; round < ROUNDS; round++) {
    await visit();
    held.push(await look());
  }
  // Objects are counted last: that takes memory.
  const snapshot = (path: string) => server.call("snapshot", { path });
  const before = await heapObjects(snapshot);
  await visit();
  const after = await heapObjects(snapshot);
  const kept = [...after]
    .map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
    .filter(([, more]) => more > visits / 10);
  return { transport, held, kept: new Map(kept) };
}
