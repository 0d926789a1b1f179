/**
 * Where a peer is, and whether it has proven it. quiche follows a peer that moves (RFC 9000, section
 * 9) and says where to send; this keeps the addresses in the shapes that quiche, the socket and
 * people want, made once for each move, and mends what quiche 0.18 gets wrong (`moved`).
 */
import { unmapped } from "../address.ts";
import type { Address } from "../transport.ts";
import type { Host, RecvInfo } from "./native.ts";
import { type UdpAddress, udpAddress } from "./socket.ts";

/** How many times what came from an unproven address may go there (RFC 9000, section 8). */
const AMPLIFICATION = 3;
/** Of that, what is kept for a last probe, should the peer leave before it has proven anything. */
const PROBE_RESERVE = 60;

export class Path {
  /** What quiche is told of our side: fixed, though the socket may change (`rebind`). */
  readonly local: Host;
  #remote: UdpAddress;
  #info: RecvInfo;
  #proven: boolean;
  #hasMoved = false;
  /** Bytes from and to the remote address while it is unproven. */
  #received = 0;
  #sent = 0;
  /** Addresses that the peer has come from since it last proved where it was. */
  #recent: UdpAddress[] = [];
  /** Addresses at which the peer is no more, by `keyOf`. */
  readonly #left = new Map<string, Host>();

  constructor(local: Host, remote: Host, proven: boolean) {
    this.local = local;
    this.#remote = udpAddress(remote.host, remote.port);
    this.#info = { from: remote, to: local };
    this.#proven = proven;
  }

  /** Where the peer is, for the socket. */
  get remote(): UdpAddress {
    return this.#remote;
  }

  /** The same for people: an IPv4 address is one, though a dual-stack socket writes it as IPv6. */
  get peer(): Address {
    return { hostname: unmapped(this.#remote.hostname), port: this.#remote.port };
  }

  /** Whether the peer has shown that it can be reached there. */
  get proven(): boolean {
    return this.#proven;
  }

  /** The remote address, for quiche. */
  get host(): Host {
    return this.#info.from;
  }

  /** The addresses that the peer has left, for quiche. */
  get left(): Iterable<Host> {
    return this.#left.values();
  }

  get hasMoved(): boolean {
    return this.#hasMoved;
  }

  isAt(host: string, port: number): boolean {
    return port === this.#remote.port && host === this.#remote.hostname;
  }

  /** What quiche wants to know of a datagram from there. */
  infoOf(host: string, port: number): RecvInfo {
    if (this.isAt(host, port)) return this.#info;
    this.#left.delete(keyOf(host, port));
    return { from: { host, port }, to: this.local };
  }

  /** Where to send what quiche addresses to `to`. */
  addressOf(to: Host): UdpAddress {
    if (this.isAt(to.host, to.port) || this.#left.has(keyOf(to.host, to.port))) return this.#remote;
    return udpAddress(to.host, to.port);
  }

  /** How much may be sent to the remote address now. */
  get allowance(): number {
    if (this.#proven) return Infinity;
    return AMPLIFICATION * this.#received - this.#sent - PROBE_RESERVE;
  }

  received(length: number): void {
    this.#received += length;
  }

  sent(length: number): void {
    this.#sent += length;
  }

  /** quiche sends to the peer there from now on; `received` has come from there so far. */
  moving({ host, port }: Host, received: number): void {
    if (this.isAt(host, port)) return;
    this.#recent.push(this.#remote);
    this.#remote = udpAddress(host, port);
    this.#info = { from: { host, port }, to: this.local };
    this.#hasMoved = true;
    this.#proven = false;
    this.#received = received;
    this.#sent = 0;
  }

  /**
   * The peer has proven that it is where it seems to be, and so has left wherever else it was.
   *
   * quiche 0.18 never sends again what was under way to those addresses, unless something else that
   * it sent there is acknowledged. So the caller has it probe them (`left`), and the probes go to
   * where the peer is now (`addressOf`): the answer tells quiche that all before is lost.
   */
  proves(): void {
    this.#proven = true;
    for (const { hostname, port } of this.#recent) {
      if (this.isAt(hostname, port)) continue;
      this.#left.set(keyOf(hostname, port), { host: hostname, port });
    }
    this.#recent = [];
  }
}

function keyOf(hostname: string, port: number): string {
  return `${hostname} ${port}`;
}
