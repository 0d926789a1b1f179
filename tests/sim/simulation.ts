/**
 * One run: a server and its clients live for a while under faults; then the faults end, everyone
 * catches up, and every promise is checked. All of it follows from the seed.
 */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { checkDurable } from "./check_durable.ts";
import { checkEnd } from "./check_end.ts";
import { findLag, type Parts } from "./find_lag.ts";
import { Disk } from "./disk.ts";
import { Faults } from "./faults.ts";
import { Network } from "./network.ts";
import { Random } from "./random.ts";
import type { Truth } from "./record.ts";
import { SimClient } from "./sim_client.ts";
import { SimServer } from "./sim_server.ts";
import { drawSwarm, MONTH, type Swarm } from "./swarm.ts";
import { Trace } from "./trace.ts";
import { Workload } from "./workload.ts";
import { World } from "./world.ts";

interface RunOptions {
  /** A folder for databases, and in it one with a new schema (`template.ts`). */
  readonly folder: string;
  readonly template: string;
  /** Keep the whole trace. */
  readonly verbose?: boolean;
}

interface RunResult {
  readonly seed: number;
  /** Broken promises; empty: it is good. */
  readonly broken: readonly string[];
  readonly digest: string;
  readonly trace: readonly string[];
  readonly swarm: Swarm;
  /** Virtual milliseconds, and events. */
  readonly time: number;
  readonly events: number;
}

const NAMES = ["ann", "bob", "cem", "dee", "eve", "fay"];
/** Milliseconds for everyone to catch up after the last fault, and between two looks. */
const PATIENCE = 240_000;
const LOOK = 1_000;

export async function simulate(seed: number, options: RunOptions): Promise<RunResult> {
  const random = new Random(seed);
  const swarm = drawSwarm(random);
  const trace = new Trace(options.verbose ?? false);
  const world = new World(trace);
  const broken: string[] = [];
  const folder = mkdtempSync(join(options.folder, `seed-${seed}-`));
  const disk = new Disk(world, random.fork(), folder, swarm.disk);
  disk.restore(options.template);
  try {
    await world.run(live(world, random, swarm, disk, broken));
  } catch (failure) {
    broken.push(failure instanceof Error ? (failure.stack ?? failure.message) : String(failure));
  } finally {
    disk.remove();
  }
  const { now: time, count: events } = world;
  return { seed, broken, digest: trace.digest(), trace: trace.lines, swarm, time, events };
}

async function live(
  world: World,
  random: Random,
  swarm: Swarm,
  disk: Disk,
  broken: string[],
): Promise<void> {
  const network = new Network(world, random.fork());
  let skew = 0;
  const accounts = NAMES.slice(0, swarm.accounts);
  const clients: SimClient[] = [];
  const server: SimServer = new SimServer({
    world,
    accounts,
    disk,
    network,
    swarm,
    random: random.fork(),
    skew: () => skew,
    onStart: async (store) => {
      const lost = await checkDurable(store, clients, server.memberships);
      for (const what of lost) truth.broke("told and not stored", what);
    },
  });
  const truth: Truth = {
    memberships: server.memberships,
    sent: new Map(),
    said: new Map(),
    keepsOrder: swarm.uncommitted > 1e6 && !swarm.faults.has("disk_full") &&
      !swarm.faults.has("disk_error"),
    files: new Map(),
    keepsFiles: swarm.keep === MONTH,
    // Of the past, if the server does not run.
    survives: (conversation, seq) =>
      !server.isRunning || server.memberships.deleted.has(conversation) ||
      disk.survives(conversation, seq, server.memberships.wasThere(conversation, seq)),
    broke(rule, what) {
      const text = `${rule}: ${what}`;
      world.note(`BROKEN ${text}`);
      broken.push(text);
    },
  };
  clients.push(...makeClients(world, network, random, swarm, truth));
  await server.start();
  for (const client of clients) client.start();
  // Every account is made before anything breaks.
  while (!clients.every(({ running }) => running?.record.isSignedIn)) await world.pause(100);

  const workload = new Workload(
    { world, random: random.fork(), swarm, clients, accounts, truth },
  );
  const setSkew = (milliseconds: number) => {
    skew = milliseconds;
  };
  const faults = new Faults(
    { world, random: random.fork(), swarm, clients, server, disk, network, setSkew },
  );
  await world.pause(swarm.duration);
  workload.end();
  world.note("the faults end");
  faults.end();

  await catchUp(world, { server, clients, truth, accounts });
  if (broken.length === 0) {
    broken.push(...await checkEnd({ world, server, clients, truth, accounts }));
  }
  broken.push(...server.faults.map((fault) => `server fault: ${fault}`));
  for (const client of clients) client.kill(true);
  server.kill(false);
}

function makeClients(
  world: World,
  network: Network,
  random: Random,
  swarm: Swarm,
  truth: Truth,
): SimClient[] {
  const { autoAccept } = swarm;
  return swarm.devices.flatMap((devices, index) => {
    const account = NAMES[index] ?? "";
    return Array.from({ length: devices }, (_, device) => {
      const link = swarm.links[(index + device) % swarm.links.length];
      if (link === undefined) throw new Error("There is no link");
      const machine = `${account}${device}`;
      return new SimClient({
        ...{ machine, account, world, network, link, truth, autoAccept },
        random: random.fork(),
        skew: () => 0,
      });
    });
  });
}

/** Waits until nobody lags behind; a lag that lasts is a fault. */
async function catchUp(world: World, parts: Parts): Promise<void> {
  const end = world.now + PATIENCE;
  let before: string | undefined;
  for (let look = 0; world.now < end; look++) {
    await world.pause(LOOK);
    for (const client of parts.clients) client.settle();
    const lag = await findLag(parts);
    if (lag === undefined) return;
    if (lag !== before) world.note(`lag: ${lag}`);
    before = lag;
    if (look % 10 === 3) { for (const client of parts.clients) client.tidy(); }
  }
  parts.truth.broke("never caught up", await findLag(parts) ?? "");
}
