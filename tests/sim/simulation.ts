/**
 * One run: a server and its clients live for a while under faults; then the faults end, everyone
 * catches up, and every promise is checked. All of it follows from the seed.
 */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { Bounds } from "./bounds.ts";
import { checkDurable } from "./check_durable.ts";
import { checkEnd } from "./check_end.ts";
import { findLag, type Parts } from "./find_lag.ts";
import { Comebacks } from "./comebacks.ts";
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

/** What makes the server refuse messages for a moment. */
const REFUSING = ["disk_full", "disk_tight", "disk_error"] as const;
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
    await world.run(new Run(world, random, swarm, disk, broken).live());
  } catch (failure) {
    broken.push(failure instanceof Error ? (failure.stack ?? failure.message) : String(failure));
  } finally {
    disk.remove();
  }
  const { now: time, count: events } = world;
  return { seed, broken, digest: trace.digest(), trace: trace.lines, swarm, time, events };
}

/** The parts of a run, and its course. */
class Run {
  readonly #world: World;
  readonly #random: Random;
  readonly #swarm: Swarm;
  readonly #disk: Disk;
  readonly #broken: string[];
  readonly #network: Network;
  readonly #accounts: readonly string[];
  readonly #clients: readonly SimClient[];
  readonly #server: SimServer;
  readonly #truth: Truth;
  /** Milliseconds by which the server's clock is wrong. */
  #skew = 0;

  constructor(world: World, random: Random, swarm: Swarm, disk: Disk, broken: string[]) {
    this.#world = world;
    this.#random = random;
    this.#swarm = swarm;
    this.#disk = disk;
    this.#broken = broken;
    this.#network = new Network(world, random.fork(), swarm);
    const accounts = this.#accounts = NAMES.slice(0, swarm.accounts);
    this.#server = new SimServer({
      ...{ world, accounts, disk, network: this.#network, swarm },
      random: random.fork(),
      skew: () => this.#skew,
      onStart: async (store) => {
        const lost = await checkDurable(store, this.#clients, this.#server.memberships);
        for (const what of lost) this.#broke("told and not stored", what);
      },
    });
    this.#truth = this.#makeTruth();
    this.#clients = this.#makeClients();
  }

  async live(): Promise<void> {
    const { duration } = this.#swarm;
    await this.#begin();
    const [workload, faults] = this.#disturb();
    await this.#world.pause(duration);
    workload.end();
    this.#world.note("the faults end");
    faults.end();
    const parts = {
      ...{ world: this.#world, server: this.#server, disk: this.#disk },
      ...{ clients: this.#clients, truth: this.#truth, accounts: this.#accounts },
    };
    await catchUp(this.#world, parts);
    if (this.#broken.length === 0) this.#broken.push(...await checkEnd(parts));
    this.#broken.push(...this.#server.faults.map((fault) => `server fault: ${fault}`));
    for (const client of this.#clients) client.kill(true);
    this.#server.kill(false);
  }

  /** Every account is made before anything breaks. */
  async #begin(): Promise<void> {
    await this.#server.start();
    while (!this.#clients.every(({ running }) => running?.record.isSignedIn)) {
      for (const client of this.#clients) client.start();
      await this.#world.pause(100);
    }
  }

  /** People begin to do something, and things to break. */
  #disturb(): [Workload, Faults] {
    const parts = {
      ...{ world: this.#world, swarm: this.#swarm, network: this.#network, server: this.#server },
      ...{ disk: this.#disk, clients: this.#clients, accounts: this.#accounts },
      truth: this.#truth,
    };
    const { signs } = this.#swarm;
    const workload = new Workload({ ...parts, random: this.#random.fork() });
    new Bounds({ ...parts, broke: this.#broke });
    const comebacks = new Comebacks({ ...parts, signs, broke: this.#broke });
    const faults = new Faults({
      ...parts,
      random: this.#random.fork(),
      onTrouble: (client) => comebacks.trouble(client),
      setSkew: (milliseconds) => {
        this.#skew = milliseconds;
      },
    });
    return [workload, faults];
  }

  #makeTruth(): Truth {
    const { uncommitted, faults, keep } = this.#swarm;
    const server = this.#server;
    return {
      memberships: server.memberships,
      sent: new Map(),
      said: new Map(),
      keepsOrder: uncommitted > 1e6 && !REFUSING.some((fault) => faults.has(fault)),
      files: new Map(),
      keepsFiles: keep === MONTH,
      // Of the past, if the server does not run.
      survives: (conversation, seq) =>
        !server.isRunning || server.memberships.isGone(conversation, seq) ||
        this.#disk.survives(conversation, seq, server.memberships.wasThere(conversation, seq)),
      broke: this.#broke,
    };
  }

  #makeClients(): SimClient[] {
    const { autoAccept, devices, links } = this.#swarm;
    return this.#accounts.flatMap((account, index) =>
      Array.from({ length: devices[index] ?? 0 }, (_, device) => {
        const link = links[(index + device) % links.length];
        if (link === undefined) throw new Error("There is no link");
        return new SimClient({
          ...{ machine: `${account}${device}`, account, link, autoAccept },
          ...{ world: this.#world, network: this.#network, truth: this.#truth },
          random: this.#random.fork(),
          skew: () => 0,
        });
      })
    );
  }

  readonly #broke = (rule: string, what: string): void => {
    const text = `${rule}: ${what}`;
    this.#world.note(`BROKEN ${text}`);
    this.#broken.push(text);
  };
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
