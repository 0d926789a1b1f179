/**
 * One UDP socket and the connections behind it, clients' and servers' alike: it finds out whose a
 * datagram is, and sends theirs. Who may connect is the listener's affair.
 */
import type { Address } from "../transport.ts";
import { destinationEnd, destinationStart, ID_LENGTH } from "./header.ts";
import type { Slot, Task } from "./loop.ts";
import type { Host } from "./native.ts";
import { Routes } from "./routes.ts";
import type { DatagramSocket, OpenSocket, UdpAddress } from "./socket.ts";

/** Called with a datagram that belongs to no connection. */
type OnStranger = (datagram: Uint8Array, hostname: string, port: number) => void;

/** A connection, as an endpoint sees it. */
export interface Receiver {
  /** Takes a datagram, whose bytes it may overwrite. */
  receive(datagram: Uint8Array, hostname: string, port: number): void;
}

/** What endpoints take from outside. */
export interface EndpointParts {
  readonly openSocket: OpenSocket;
  /** Bytes that nobody can guess. */
  readonly random: (length: number) => Uint8Array;
}

export class Endpoint {
  readonly address: Address;
  readonly random: (length: number) => Uint8Array;
  /** What a server does with datagrams that belong to no connection; a client drops them. */
  onStranger: OnStranger | undefined;
  readonly #parts: EndpointParts;
  readonly #socket: DatagramSocket;
  readonly #received: Promise<void>;
  readonly #routes = new Routes<Receiver>();
  /** Who keeps the socket open: connections, and a listener. */
  #holds = 1;

  /** The caller holds it. */
  static async open(parts: EndpointParts, address: Address): Promise<Endpoint> {
    return new Endpoint(parts, await parts.openSocket(address));
  }

  private constructor(parts: EndpointParts, socket: DatagramSocket) {
    this.#parts = parts;
    this.#socket = socket;
    this.random = parts.random;
    this.address = socket.address;
    this.#received = socket.receive(this.#receive);
  }

  /** Another one like this, at another free port. */
  sibling(): Promise<Endpoint> {
    return Endpoint.open(this.#parts, { hostname: this.address.hostname, port: 0 });
  }

  /** What quiche is told of our side. */
  get local(): Host {
    return { host: this.address.hostname, port: this.address.port };
  }

  /** 0: the socket is closed. */
  get holds(): number {
    return this.#holds;
  }

  hold(): this {
    this.#holds++;
    return this;
  }

  /** The last one to let go closes the socket, and waits until it is. */
  async release(): Promise<void> {
    this.#holds--;
    if (this.#holds > 0) return;
    await this.#socket.close();
    await this.#received;
  }

  newId(): Uint8Array {
    return this.random(ID_LENGTH);
  }

  route(id: Uint8Array, connection: Receiver): void {
    this.#routes.add(id, connection);
  }

  unroute(id: Uint8Array): void {
    this.#routes.delete(id);
  }

  /** Sends the first `length` bytes of a slot, which comes back by itself. */
  send(slot: Slot, length: number, to: UdpAddress, sender?: Task): void {
    slot.sender = sender;
    const whole = length === slot.bytes.length;
    const datagram = whole ? slot.bytes : slot.bytes.subarray(0, length);
    this.#socket.send(datagram, to).then(slot.release, slot.fail);
  }

  readonly #receive = (datagram: Uint8Array, hostname: string, port: number): void => {
    const end = destinationEnd(datagram);
    if (end === 0) return;
    const connection = this.#routes.find(datagram, destinationStart(datagram), end);
    if (connection !== undefined) connection.receive(datagram, hostname, port);
    else this.onStranger?.(datagram, hostname, port);
  };
}
