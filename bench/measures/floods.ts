/**
 * What well-behaved clients notice of a flood: how long their messages take until they are
 * acknowledged, without the flood and during it. The server has all of its limits.
 *
 * Each kind of flood has several pairs of windows, quiet and flooded in turn, so that other work of
 * the machine affects both alike. The flood goes on before its window begins.
 */
import { Child } from "../harness/child.ts";
import type { Placement } from "../harness/placement.ts";
import { delay, scriptOf, type ServerKind } from "../harness/servers.ts";
import type { Settings } from "../harness/settings.ts";
import { percentile } from "../compare/stats.ts";
import type { FloodCommands, FloodRate, Member } from "../load/flood.ts";
import type { PoliteCommands, PoliteSample } from "../load/polite.ts";
import type { FloodKind } from "../load/flooder.ts";
import type { SottoReady } from "../servers/sotto.ts";

/** What is measured, in this order: the messages of the first are what searches look through. */
const FLOODS = [
  "messages",
  "elsewhere",
  "searches",
  "joins",
  "uploads",
  "sign-ins",
  "all at once",
  "one account",
] as const;

export type FloodName = typeof FLOODS[number];

export interface FloodWindow {
  /** Milliseconds until an ack. */
  readonly p50: number;
  readonly p99: number;
  /** By how much the clients' own timers were late: p99. */
  readonly late: number;
  /** Lines without an ack. */
  readonly unanswered: number;
}

export interface FloodPair {
  readonly quiet: FloodWindow;
  readonly flooded: FloodWindow;
  readonly rate: FloodRate;
}

export type Floods = ReadonlyMap<FloodName, readonly FloodPair[]>;

/** Seconds after a flood until the next quiet window. */
const PAUSE = 3;
const ALL: readonly FloodKind[] = ["messages", "searches", "joins", "uploads", "sign-ins"];

export async function measureFloods(
  kind: ServerKind,
  placement: Placement,
  settings: Settings,
): Promise<Floods> {
  const { clients, floodPairs } = settings;
  await using parts = new AsyncDisposableStack();
  const args = [kind.engine, String(2 * clients), "limited"];
  const server = parts.use(
    await Child.start<SottoReady>(scriptOf("servers/sotto"), args, placement.server),
  );
  const { port, hash, tokens } = await server.ready();
  const where = { port, hash, protocol: kind.protocol };
  const polite = parts.use(
    await Child.start<unknown, PoliteCommands>(scriptOf("load/polite"), [], placement.clients),
  );
  const flood = parts.use(
    await Child.start<unknown, FloodCommands>(scriptOf("load/flood"), [], placement.flooders),
  );
  const credentials = tokens.slice(0, clients).map((token) => ({ token }));
  await polite.call("connect", { where, credentials });
  const accounts = tokens.slice(clients).map((token, at) => ({
    user: `user${clients + at + 1}`,
    token,
  }));
  await flood.call("prepare", { where, members: membersOf("messages", accounts, settings) });

  const watch = async (): Promise<FloodWindow> =>
    windowOf(await polite.call("talk", { pace: 2 * clients, seconds: settings.floodSeconds }));
  await watch();
  const floods = new Map<FloodName, FloodPair[]>();
  for (const name of FLOODS) {
    const members = membersOf(name, accounts, settings);
    const pairs: FloodPair[] = [];
    for (let pair = 0; pair < floodPairs; pair++) {
      await delay(PAUSE);
      const quiet = await watch();
      await flood.call("start", { where, members });
      await delay(settings.warmUp);
      const flooded = await watch();
      pairs.push({ quiet, flooded, rate: await flood.call("stop") });
    }
    floods.set(name, pairs);
  }
  return floods;
}

type Account = Pick<Member, "user" | "token">;

/** Who does what. */
function membersOf(
  name: FloodName,
  accounts: readonly Account[],
  { sessions }: Settings,
): Member[] {
  const [first] = accounts;
  if (name === "one account") {
    return Array.from(
      { length: first === undefined ? 0 : sessions },
      () => ({ user: "", token: "", ...first, kind: "messages" }),
    );
  }
  return accounts.map((account, at) => ({
    ...account,
    kind: name === "all at once" ? ALL[at % ALL.length] ?? "messages" : name,
  }));
}

function windowOf({ acks, late, unanswered }: PoliteSample): FloodWindow {
  return {
    p50: percentile(acks, 0.5),
    p99: percentile(acks, 0.99),
    late: percentile(late, 0.99),
    unanswered,
  };
}
