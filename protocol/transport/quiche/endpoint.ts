/**
 * One UDP socket and the connections behind it, clients' and servers' alike: it finds out whose a
 * datagram is, and sends theirs. Who may connect is the listener's affair.
 */
import type { Address } from "../transport.ts";
import type { QuicheConnection } from "./connection.ts";
import { destinationEnd, destinationStart, ID_LENGTH } from "./header.ts";
import type { Slot, Task } from "./loop.ts";
import type { Host } from "./native.ts";
import { Routes } from "./routes.ts";
import type { DatagramSocket, OpenSocket, UdpAddress } from "./socket.ts";

/** Called with a datagram that belongs to no connection. */
export type OnStranger = (datagram: Uint8Array, hostname: string, port: number) => void;

export interface EndpointOptions {
  readonly openSocket: OpenSocket;
  readonly random: (length: number) => Uint8Array;
  readonly address: Address;
  /** Whether the socket goes with the last connection; else it stays until `close`. */
  readonly closeWhenIdle: boolean;
}

export class Endpoint {
  readonly address: Address;
  readonly random: (length: number) => Uint8Array;
  /** What a server does with datagrams that belong to no connection; a client drops them. */
  onStranger: OnStranger | undefined;
  readonly #options: EndpointOptions;
  readonly #socket: DatagramSocket;
  readonly #routes = new Routes<QuicheConnection>();
  readonly #connections = new Set<QuicheConnection>();
  #closed: Promise<void> | undefined;
  readonly #received: Promise<void>;

  private constructor(options: EndpointOptions, socket: DatagramSocket) {
    this.#options = options;
    this.#socket = socket;
    this.random = options.random;
    this.address = socket.address;
    this.#received = socket.receive(this.#receive);
  }

  static async open(options: EndpointOptions): Promise<Endpoint> {
    return new Endpoint(options, await options.openSocket(options.address));
  }

  get local(): Host {
    return { host: this.address.hostname, port: this.address.port };
  }

  get connections(): ReadonlySet<QuicheConnection> {
    return this.#connections;
  }

  /** Another endpoint like this, at another free port. */
  sibling(): Promise<Endpoint> {
    return Endpoint.open({ ...this.#options, address: { ...this.#options.address, port: 0 } });
  }

  add(connection: QuicheConnection): void {
    this.#connections.add(connection);
  }

  /** The last connection may take the socket with it. */
  async remove(connection: QuicheConnection): Promise<void> {
    this.#connections.delete(connection);
    if (this.#options.closeWhenIdle && this.#connections.size === 0) await this.close();
  }

  newId(): Uint8Array {
    return this.random(ID_LENGTH);
  }

  route(id: Uint8Array, connection: QuicheConnection): void {
    this.#routes.add(id, connection);
  }

  unroute(id: Uint8Array): void {
    this.#routes.delete(id);
  }

  /** Sends the first `length` bytes of a slot, which comes back by itself. */
  send(slot: Slot, length: number, to: UdpAddress, sender?: Task): void {
    if (this.#closed !== undefined) return slot.release();
    slot.sender = sender;
    const whole = length === slot.bytes.length;
    const datagram = whole ? slot.bytes : slot.bytes.subarray(0, length);
    this.#socket.send(datagram, to).then(slot.release, slot.fail);
  }

  close(): Promise<void> {
    return this.#closed ??= this.#socket.close().then(() => this.#received);
  }

  readonly #receive = (datagram: Uint8Array, hostname: string, port: number): void => {
    const end = destinationEnd(datagram);
    if (end === 0) return;
    const connection = this.#routes.find(datagram, destinationStart(datagram), end);
    if (connection !== undefined) connection.receive(datagram, hostname, port);
    else this.onStranger?.(datagram, hostname, port);
  };
}
