/**
 * The server's machine: the real server on a simulated disk and network. Its process is started,
 * stopped and killed; what is on the disk stays.
 */
import { SERVER_LIMITS } from "../../server/config.ts";
import { startMaintenance } from "../../server/maintenance.ts";
import type { Logger } from "../../server/log.ts";
import { Pacer } from "../../server/pacer.ts";
import { Connections } from "../../server/connections.ts";
import { FrameRates } from "../../server/frame_rates.ts";
import { makeServices, type Services } from "../../server/services.ts";
import type { Passwords } from "../../server/services/passwords.ts";
import type { Tokens } from "../../server/services/tokens.ts";
import { StoreError } from "../../server/store/error.ts";
import { openSqliteStore } from "../../server/store/sqlite.ts";
import type { Store } from "../../server/store/store.ts";
import type { Disk } from "./disk.ts";
import { Memberships } from "./memberships.ts";
import { type Network, SimListener } from "./network.ts";
import type { Random } from "./random.ts";
import { simSearcher } from "./sim_searcher.ts";
import { watchStore } from "./sim_store.ts";
import type { Swarm } from "./swarm.ts";
import { WatchedFlusher } from "./watched_flusher.ts";
import { Process, type World } from "./world.ts";

/** Passwords and tokens without the work that makes them safe. */
const PASSWORDS: Pick<Passwords, "hash" | "verify"> = {
  hash: (password) => Promise.resolve(`plain ${password}`),
  verify: (password, stored) =>
    Promise.resolve({ ok: stored === `plain ${password}`, rehash: false }),
};
const LIFETIME = 30 * 24 * 60 * 60 * 1000;
const DRAIN = 5_000;
const FOREVER = Number.MAX_SAFE_INTEGER;

/** How often the server finds that it is behind, and the bytes of datagrams that wait then. */
const BEHIND = 0.2;
const MANY = 1e6;

interface SimServerOptions {
  readonly world: World;
  readonly disk: Disk;
  readonly network: Network;
  readonly swarm: Swarm;
  readonly random: Random;
  readonly accounts: readonly string[];
  readonly skew: () => number;
  /** Looks at what is stored whenever the server starts. */
  readonly onStart: (store: Store) => Promise<void>;
}

interface Running {
  readonly process: Process;
  readonly store: Store;
  readonly services: Services;
  readonly connections: Connections;
  readonly listener: SimListener;
  readonly flusher: WatchedFlusher;
  readonly endMaintenance: () => Promise<void>;
}

export class SimServer {
  readonly memberships: Memberships;
  /** What the server calls internal errors, apart from those of a failing disk. */
  readonly faults: string[] = [];
  readonly #options: SimServerOptions;
  #running: Running | undefined;
  /** It is being ended. */
  #stopping: { readonly running: Running; readonly done: Promise<void> } | undefined;
  #starting: Promise<void> | undefined;
  #logins = 0;

  constructor(options: SimServerOptions) {
    this.#options = options;
    this.memberships = new Memberships(() => options.world.now);
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** It serves everyone who comes. */
  get isOpen(): boolean {
    const running = this.#running;
    return running !== undefined && this.#stopping?.running !== running;
  }

  /** What its process has; throws while there is none. */
  get running(): Running {
    if (this.#running === undefined) throw new Error("The server does not run");
    return this.#running;
  }

  start(): Promise<void> {
    if (this.#running !== undefined) return Promise.resolve();
    return this.#starting ??= this.#start().finally(() => this.#starting = undefined);
  }

  async #start(): Promise<void> {
    const { world, network, swarm } = this.#options;
    world.note("server starts");
    const process = new Process(world, this.#options.skew);
    const store = await this.#openStore(process);
    const pacer = new Pacer({ clock: process, schedule: process.soon });
    const load = this.#options.random.fork();
    pacer.watch(() => load.chance(BEHIND) ? MANY : 0);
    const flusher = new WatchedFlusher(process.soon);
    const services = this.#services(process, store, { pacer, flusher });
    const listener = new SimListener(process);
    const log = this.#log(process);
    const connections = new Connections([listener], {
      services,
      flusher,
      pacer,
      clock: process,
      log,
      rates: new FrameRates(SERVER_LIMITS, process),
      outbox: swarm.outbox,
      software: "sim",
    });
    const { files } = services;
    const endMaintenance = swarm.maintenance
      ? startMaintenance({ store, files, clock: process, log })
      : () => Promise.resolve();
    network.listener = listener;
    this.#running = { process, store, services, connections, listener, flusher, endMaintenance };
  }

  /** Opens the database, and reads who is a member of what. Tries again when the disk fails. */
  async #openStore(process: Process): Promise<Store> {
    const { world, disk, accounts, random, swarm } = this.#options;
    while (true) {
      const store = openSqliteStore(disk.database, {
        searcher: simSearcher({ process, disk, random: random.fork(), slowest: swarm.searchTime }),
        syncFile: (_, done) => disk.sync(process, done),
        onOpen: (connection) => disk.connected(connection),
      });
      disk.opened();
      try {
        await this.memberships.reconcile(store, accounts);
        await this.checkBlobs(store);
        await this.#options.onStart(store);
        return store;
      } catch (failure) {
        if (!(failure instanceof StoreError)) throw failure;
        world.note("server does not start");
        await store[Symbol.asyncDispose]();
        await world.pause(1_000);
      }
    }
  }

  /** Whatever has happened, each file has its blob, and a complete one all of its bytes. */
  async checkBlobs({ files }: Store): Promise<void> {
    const { blobs } = this.#options.disk;
    for (const file of await files.expired(FOREVER, FOREVER, FOREVER)) {
      const row = await files.get(file);
      if (row === undefined) continue;
      const length = await blobs.length(row.blob);
      const isWhole = length === row.size || !row.complete;
      if (length === undefined || !isWhole) this.faults.push(`lost the bytes of file ${file}`);
    }
  }

  /** Ends it in good order; resolves when that is done, or its process has died. */
  stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return Promise.resolve();
    if (this.#stopping?.running !== running) {
      this.#stopping = { running, done: this.#stop(running) };
    }
    return this.#stopping.done;
  }

  async #stop(running: Running): Promise<void> {
    const { world, network } = this.#options;
    world.note("server stops");
    const { connections, services, endMaintenance, process, store } = running;
    await connections.drain(DRAIN, () => services.delivery.idle());
    await endMaintenance();
    await services.files[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    if (!process.isAlive) return;
    process.die();
    this.#running = undefined;
    network.listener = undefined;
    world.note("server stopped");
  }

  /** Kills its process; `power`: with the machine. */
  kill(power: boolean): void {
    const { world, disk, network, swarm } = this.#options;
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    network.listener = undefined;
    running.process.die();
    if (power) {
      const lost = disk.afterPowerCut();
      world.note(`power cut, ${lost} frames lost`);
    } else {
      disk.afterCrash();
      world.note("server crashes");
    }
    network.serverDied(swarm.tellsDeath && !power);
    // The old file is nobody's any more; this only closes it.
    void running.store[Symbol.asyncDispose]();
  }

  #services(
    process: Process,
    store: Store,
    turns: { readonly pacer: Pacer; readonly flusher: WatchedFlusher },
  ): Services {
    const { disk, random, swarm } = this.#options;
    const { memberships } = this;
    const services = makeServices({
      store: watchStore(store, { disk, memberships, process }),
      blobs: disk.blobs,
      passwords: PASSWORDS,
      tokens: this.#tokens(),
      registration: "open",
      limits: { ...SERVER_LIMITS, uncommitted: swarm.uncommitted },
      files: {
        largest: 1e9,
        quota: 1e9,
        count: 1_000,
        spare: 0,
        transfers: swarm.transfers,
        slowBytes: 64 * 1024,
        slowTime: swarm.slowTime,
        keep: swarm.keep,
        keepPart: swarm.keepPart,
      },
      random: (length) => random.bytes(length),
      clock: process,
      log: this.#log(process),
      ...turns,
      schedule: process.soon,
    });
    return services;
  }

  #tokens(): Tokens {
    return {
      issue: (account, now) => {
        const loginId = `login-${++this.#logins}`;
        const expiresAt = now + LIFETIME;
        return Promise.resolve({ token: `${loginId} ${account} ${expiresAt}`, loginId, expiresAt });
      },
      verify: (token, now) => {
        const [loginId = "", account = "", expires = "0"] = token.split(" ");
        return Promise.resolve(Number(expires) > now ? { loginId, account } : undefined);
      },
    };
  }

  #log(process: Process): Logger {
    const { world, disk } = this.#options;
    const quiet = () => {};
    return {
      writes: () => false,
      debug: quiet,
      info: quiet,
      warn: quiet,
      error: (event, fields) => {
        if (!process.isAlive) return;
        // The folder has another name in each run.
        const what = `${event} ${JSON.stringify(fields).replaceAll(disk.folder, "")}`;
        world.note(`server error ${what}`);
        if (!disk.isUnwell) this.faults.push(what);
      },
    };
  }
}
