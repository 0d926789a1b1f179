/** The network between clients and the server: who reaches it, over which link, and what breaks. */
import { fingerprint } from "../../certs/fingerprint.ts";
import {
  type Connection,
  type DialOptions,
  type Engine,
  type Listener,
  TransportError,
} from "../../protocol/transport/transport.ts";
import { Link, type LinkOptions } from "./link.ts";
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

export class Network {
  /** The server's, while it runs. */
  listener: SimListener | undefined;
  readonly #world: World;
  readonly #random: Random;
  readonly #links = new Map<string, Link>();
  readonly #offline = new Set<string>();
  #fast = false;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  /** The link of a machine's newest connection. */
  linkOf(machine: string): Link | undefined {
    return this.#links.get(machine);
  }

  /** Takes a machine off the network, or brings it back. */
  setOffline(machine: string, isOffline: boolean): void {
    if (isOffline) this.#offline.add(machine);
    else this.#offline.delete(machine);
  }

  /** The server's process has died; `isTold`: its machine tells clients so. */
  serverDied(isTold: boolean): void {
    for (const link of this.#links.values()) {
      if (isTold) link.lose();
      else link.silence();
    }
  }

  /** A client's process has died. */
  clientDied(machine: string, isTold: boolean): void {
    const link = this.#links.get(machine);
    if (isTold) link?.lose();
    else link?.silence();
  }

  /** The end of all faults. */
  heal(): void {
    this.#fast = true;
    this.#offline.clear();
    for (const link of this.#links.values()) link.resume();
  }

  /** An engine that dials from a machine. */
  engine(machine: string, process: Process, options: () => LinkOptions): Engine {
    return {
      name: "builtin",
      listen: () => Promise.reject(new TransportError("unsupported", "Clients do not listen")),
      dial: (request) => this.#dial(machine, process, options(), request),
    };
  }

  async #dial(
    machine: string,
    process: Process,
    options: LinkOptions,
    { verify, signal, limits }: DialOptions,
  ): Promise<Connection> {
    const settings = this.#fast ? { ...options, delay: Math.min(options.delay, 50) } : options;
    const roundTrip = 2 * settings.delay + 1;
    const timeout = limits?.handshakeTimeout ?? 10_000;
    await this.#wait(process, this.#offline.has(machine) ? timeout : roundTrip, signal);
    if (this.#offline.has(machine)) throw new TransportError("timeout", "Nothing answered");
    const listener = this.listener;
    if (listener?.isOpen !== true) throw new TransportError("unreachable", "Nothing answered");
    if (!await verify?.(CERTIFICATE)) throw new TransportError("certificate", "It was refused");
    const link = new Link(this.#world, this.#random.fork(), settings);
    const client = new SimConnection("client", process, link, "192.0.2.1");
    const server = new SimConnection("server", listener.process, link, machine);
    SimConnection.join(client, server);
    listener.take(server);
    this.#links.set(machine, link);
    return client;
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
