/** The faults of a run: each kind happens at random times of its own, until all of them end. */
import type { Disk } from "./disk.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";
import type { SimClient } from "./sim_client.ts";
import type { SimServer } from "./sim_server.ts";
import type { Fault, Swarm } from "./swarm.ts";
import type { World } from "./world.ts";

interface FaultOptions {
  readonly world: World;
  readonly random: Random;
  readonly swarm: Swarm;
  readonly clients: readonly SimClient[];
  readonly server: SimServer;
  readonly disk: Disk;
  readonly network: Network;
  /** Something that clients may notice has happened; `undefined`: to all of them. */
  readonly onTrouble: (client: SimClient | undefined) => void;
  /** Sets how wrong the server's clock is. */
  readonly setSkew: (milliseconds: number) => void;
}

/** What breaks connections: of one client, and of all. */
const ON_PATH: ReadonlySet<Fault> = new Set(
  ["cut", "silence", "move", "offline", "client_crash", "client_restart"],
);
const ON_SERVER: ReadonlySet<Fault> = new Set(["server_crash", "server_stop", "power_cut"]);

export class Faults {
  readonly #options: FaultOptions;
  #ended = false;

  constructor(options: FaultOptions) {
    this.#options = options;
    for (const [fault, pace] of options.swarm.faults) {
      this.#later(fault, pace, options.random.fork());
    }
    this.#restart();
  }

  /** From now on nothing breaks any more, and what is broken is mended. */
  end(): void {
    const { clients, disk, network } = this.#options;
    this.#ended = true;
    disk.heal();
    network.heal();
    for (const client of clients) client.readsAgain = 0;
  }

  #later(fault: Fault, pace: number, random: Random): void {
    const { world } = this.#options;
    world.after(-Math.log(1 - random.fraction()) * pace, () => {
      if (this.#ended) return;
      this.#happen(fault, random);
      this.#later(fault, pace, random);
    });
  }

  /** Whatever has ended is started again, sooner or later. */
  #restart(): void {
    const { world, random, server, clients, disk } = this.#options;
    world.after(this.#ended ? 500 : random.logarithmic(100, 8_000), () => {
      if (!server.isRunning) void server.start();
      else if (disk.hasFailed) void server.stop();
      for (const client of clients) {
        if (!client.isRunning && (this.#ended || random.chance(0.5))) client.start();
      }
      this.#restart();
    });
  }

  #happen(fault: Fault, random: Random): void {
    const { world, server, clients, disk, network, onTrouble, setSkew } = this.#options;
    const client = random.pick(clients);
    const { machine } = client;
    const link = network.linkOf(machine);
    world.note(`fault ${fault} ${machine}`);
    if (ON_PATH.has(fault)) onTrouble(client);
    if (ON_SERVER.has(fault)) onTrouble(undefined);
    switch (fault) {
      case "cut":
        return link?.lose();
      case "silence":
        return link?.silence();
      case "stall":
        return link?.stall(random.logarithmic(20, 20_000));
      case "move":
        return link?.moveAway();
      case "offline":
        link?.silence();
        network.setOffline(machine, true);
        return void world.after(random.logarithmic(100, 20_000), () => {
          network.setOffline(machine, false);
        });
      case "forged_sign":
        return network.forgeSign(machine);
      case "client_crash":
        return client.kill(random.chance(0.5));
      case "client_restart":
        return void client.leave();
      case "server_crash":
        return server.kill(false);
      case "power_cut":
        return server.kill(true);
      case "server_stop":
        return void server.stop();
      case "disk_full":
        disk.isFull = true;
        return void world.after(random.logarithmic(10, 10_000), () => disk.isFull = false);
      case "disk_tight":
        disk.isTight = true;
        return void world.after(random.logarithmic(10, 10_000), () => disk.isTight = false);
      case "disk_error":
        disk.failsNext = true;
        return;
      case "clock_jump":
        return setSkew(random.integer(-100_000, 100_000));
      case "slow_reader":
        client.readsAgain = world.now + random.logarithmic(100, 20_000);
        return;
    }
  }
}
