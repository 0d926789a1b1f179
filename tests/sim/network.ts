/** The network between clients and the server: who reaches it, over which link, and what breaks. */
import { fingerprint } from "../../certs/fingerprint.ts";
import {
  type Connection,
  type DialOptions,
  type Engine,
  type Listener,
  TransportError,
} from "../../protocol/transport/transport.ts";
import { healed, Link, type LinkOptions } from "./link.ts";
import type { Random } from "./random.ts";
import { SimConnection } from "./sim_connection.ts";
import type { Process, World } from "./world.ts";

/** What the server shows: as good as a certificate, since only its hash is looked at. */
const CERTIFICATE = new TextEncoder().encode("certificate");
export const PIN = fingerprint(CERTIFICATE);

export class SimListener implements Listener {
  readonly engine = "builtin";
  readonly address = { hostname: "192.0.2.1", port: 1 };
  readonly process: Process;
  readonly connections = new Set<SimConnection>();
  readonly #waiting: Connection[] = [];
  #wake = () => {};
  #closed = false;

  constructor(process: Process) {
    this.process = process;
  }

  get isOpen(): boolean {
    return !this.#closed && this.process.isAlive;
  }

  take(connection: SimConnection): void {
    this.connections.add(connection);
    void connection.closed.then(() => this.connections.delete(connection));
    this.#waiting.push(connection);
    this.#wake();
  }

  async accept(): Promise<Connection | null> {
    while (!this.#closed) {
      const connection = this.#waiting.shift();
      if (connection !== undefined) return connection;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return null;
  }

  close(code = 0, reason = ""): Promise<void> {
    this.#closed = true;
    for (const connection of [...this.connections]) connection.close(code, reason);
    this.#wake();
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

interface NetworkOptions {
  /** Clients' engines see signs of a restart: silence, and how strangers are answered. */
  readonly signs: boolean;
  /** A server answers packets of connections that it does not know. */
  readonly answersStrangers: boolean;
  /** A machine without a server says so at once. */
  readonly refuses: boolean;
}

/** A connection, as far as it is on the network. */
interface Path {
  readonly machine: string;
  readonly link: Link;
  readonly client: SimConnection;
}

/** Milliseconds after which a client that was not answered dials again. */
const DIALS = [0, 1_000, 3_000, 7_000];

export class Network {
  /** The server's, while it runs. */
  listener: SimListener | undefined;
  readonly #world: World;
  readonly #random: Random;
  readonly #options: NetworkOptions;
  /** The newest come last. */
  #paths: Path[] = [];
  readonly #offline = new Set<string>();
  #fast = false;

  constructor(world: World, random: Random, options: NetworkOptions) {
    this.#world = world;
    this.#random = random;
    this.#options = options;
  }

  /** The link of a machine's newest connection. */
  linkOf(machine: string): Link | undefined {
    return this.#pathOf(machine)?.link;
  }

  /** Takes a machine off the network, or brings it back. */
  setOffline(machine: string, isOffline: boolean): void {
    if (isOffline) this.#offline.add(machine);
    else this.#offline.delete(machine);
  }

  isOffline(machine: string): boolean {
    return this.#offline.has(machine);
  }

  /** Somebody makes the machine believe that the server was restarted. */
  forgeSign(machine: string): void {
    this.#pathOf(machine)?.client.seeSign();
  }

  /** The server's process has died; `isTold`: its machine tells clients so. */
  serverDied(isTold: boolean): void {
    for (const { link } of this.#paths) {
      if (isTold) link.lose();
      else link.silence();
    }
  }

  /** A client's process has died. */
  clientDied(machine: string, isTold: boolean): void {
    for (const { link } of this.#paths.filter((path) => path.machine === machine)) {
      if (isTold) link.lose();
      else link.silence();
    }
  }

  /** The end of all faults. */
  heal(): void {
    this.#fast = true;
    this.#offline.clear();
    for (const { link } of this.#paths) link.heal();
  }

  /** An engine that dials from a machine. */
  engine(machine: string, process: Process, options: () => LinkOptions): Engine {
    return {
      name: "builtin",
      listen: () => Promise.reject(new TransportError("unsupported", "Clients do not listen")),
      dial: (request) => this.#dial(machine, process, options(), request),
    };
  }

  #pathOf(machine: string): Path | undefined {
    this.#paths = this.#paths.filter(({ link }) => !link.isUnused);
    return this.#paths.findLast((path) => path.machine === machine && path.client.isAlive);
  }

  async #dial(
    machine: string,
    process: Process,
    options: LinkOptions,
    { verify, signal, limits }: DialOptions,
  ): Promise<Connection> {
    const settings = this.#fast ? healed(options) : options;
    const timeout = limits?.handshakeTimeout ?? 10_000;
    const listener = await this.#reach(machine, process, settings, timeout, signal);
    if (!await verify?.(CERTIFICATE)) throw new TransportError("certificate", "It was refused");
    const link = new Link(this.#world, this.#random.fork(), settings);
    const client = new SimConnection("client", process, link, "192.0.2.1");
    const server = new SimConnection("server", listener.process, link, machine);
    SimConnection.join(client, server);
    if (this.#options.signs) {
      client.watchForSigns(() => server.isAlive ? undefined : this.#strangersAnswer(machine, link));
    }
    listener.take(server);
    this.#paths.push({ machine, link, client });
    return client;
  }

  /** Finds the server, if it can be reached in time. */
  async #reach(
    machine: string,
    process: Process,
    { delay }: LinkOptions,
    timeout: number,
    signal: AbortSignal | undefined,
  ): Promise<SimListener> {
    const began = process.now();
    for (const after of DIALS.filter((one) => one < timeout)) {
      await this.#wait(process, began + after + 2 * delay + 1 - process.now(), signal);
      const isOffline = this.#offline.has(machine);
      const { listener } = this;
      if (!isOffline && listener?.isOpen === true) return listener;
      if (!isOffline && this.#options.refuses) {
        throw new TransportError("unreachable", "Nothing answered");
      }
    }
    await this.#wait(process, began + timeout - process.now(), signal);
    throw new TransportError("timeout", "Nothing answered");
  }

  #strangersAnswer(machine: string, { options: { delay } }: Link): number | undefined {
    const isThere = this.listener?.isOpen === true && !this.#offline.has(machine);
    return isThere && this.#options.answersStrangers ? 2 * delay + 1 : undefined;
  }

  #wait(process: Process, ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(new TransportError("aborted", "Dialling was given up"));
      if (signal?.aborted) return abort();
      process.after(ms, resolve);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }
}
