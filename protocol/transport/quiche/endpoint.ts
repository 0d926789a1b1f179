/**
 * One UDP socket and the connections that share it, of clients or of a server: it routes incoming
 * datagrams by connection ID, and sends outgoing ones. The listener decides who may connect.
 */
import type { Address } from "../transport.ts";
import { assert } from "../../assert.ts";
import { destinationEnd, destinationStart, ID_LENGTH, isLong } from "./header.ts";
import type { Slot } from "./event_loop.ts";
import type { Host } from "./native.ts";
import { Routes } from "./routes.ts";
import type { DatagramSocket, OpenSocket, UdpAddress } from "./socket.ts";

/** Takes a datagram that belongs to no connection. */
type OnUnrouted = (datagram: Uint8Array, hostname: string, port: number) => void;

/** A connection, as an endpoint sees it. */
export interface Receiver {
  /** Takes a datagram, whose bytes it may overwrite. */
  receive(datagram: Uint8Array, hostname: string, port: number): void;
  /** A datagram that belongs to no connection came from this address. */
  receiveUnrouted(hostname: string, port: number): void;
}

/** What endpoints need from outside. */
export interface EndpointDependencies {
  readonly openSocket: OpenSocket;
  /** Cryptographically random bytes. */
  readonly random: (length: number) => Uint8Array;
}

export class Endpoint {
  readonly address: Address;
  readonly random: (length: number) => Uint8Array;
  /** A server's, for new clients. */
  onUnrouted: OnUnrouted | undefined;
  readonly #parts: EndpointDependencies;
  readonly #socket: DatagramSocket;
  readonly #received: Promise<void>;
  readonly #routes = new Routes<Receiver>();
  /** How many connections and listeners keep the socket open. */
  #holds = 1;

  /** Opens a socket. The caller holds it. */
  static async open(parts: EndpointDependencies, address: Address): Promise<Endpoint> {
    return new Endpoint(parts, await parts.openSocket(address));
  }

  private constructor(parts: EndpointDependencies, socket: DatagramSocket) {
    this.#parts = parts;
    this.#socket = socket;
    this.random = parts.random;
    this.address = socket.address;
    this.#received = socket.receive(this.#receive);
  }

  /** Opens another socket like this one, at a free port. */
  sibling(): Promise<Endpoint> {
    return Endpoint.open(this.#parts, { hostname: this.address.hostname, port: 0 });
  }

  /** The local address, as quiche takes it. */
  get local(): Host {
    return { host: this.address.hostname, port: this.address.port };
  }

  /** How often it is held; 0: the socket is closed. */
  get holds(): number {
    return this.#holds;
  }

  hold(): this {
    this.#holds++;
    return this;
  }

  /** Undoes `hold`. The last call closes the socket, and resolves when it is closed. */
  async release(): Promise<void> {
    this.#holds--;
    assert(this.#holds >= 0, "an endpoint is released once for each hold");
    if (this.#holds > 0) return;
    await this.#socket.close();
    await this.#received;
  }

  newId(): Uint8Array {
    return this.random(ID_LENGTH);
  }

  /** Passes datagrams for this ID to the receiver. */
  route(id: Uint8Array, receiver: Receiver): void {
    this.#routes.add(id, receiver);
  }

  unroute(id: Uint8Array): void {
    this.#routes.delete(id);
  }

  /** Sends the first `length` bytes of a slot, and frees it. */
  send(slot: Slot, length: number, to: UdpAddress, onFailed?: Slot["onFailed"]): void {
    slot.onFailed = onFailed;
    const whole = length === slot.bytes.length;
    const datagram = whole ? slot.bytes : slot.bytes.subarray(0, length);
    this.#socket.send(datagram, to).then(slot.release, slot.fail);
  }

  /** Gives a datagram to the connection that it belongs to. `false`: there is none. */
  passOn(datagram: Uint8Array, { hostname, port }: UdpAddress): boolean {
    const end = destinationEnd(datagram);
    const connection = this.#routes.find(datagram, destinationStart(datagram), end);
    connection?.receive(datagram, hostname, port);
    return connection !== undefined;
  }

  readonly #receive = (datagram: Uint8Array, hostname: string, port: number): void => {
    const end = destinationEnd(datagram);
    if (end === 0) return;
    const connection = this.#routes.find(datagram, destinationStart(datagram), end);
    if (connection !== undefined) connection.receive(datagram, hostname, port);
    else if (this.onUnrouted !== undefined) this.onUnrouted(datagram, hostname, port);
    else if (!isLong(datagram)) {
      // Perhaps a stateless reset, whose ID is random (RFC 9000, section 10.3).
      for (const receiver of this.#routes.targets()) receiver.receiveUnrouted(hostname, port);
    }
  };
}
