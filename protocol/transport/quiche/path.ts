/**
 * Where a peer is. quiche follows a peer that moves (RFC 9000, section 9) and sends where it must;
 * this keeps the addresses in the shapes that quiche, the socket and people want, made once for
 * each move, and mends what quiche 0.18 gets wrong (`moved`).
 */
import { unmapped } from "../address.ts";
import type { Address } from "../transport.ts";
import type { Host, RecvInfo } from "./native.ts";
import { type UdpAddress, udpAddress } from "./socket.ts";

export class Path {
  readonly #local: Host;
  #remote: UdpAddress;
  #info: RecvInfo;
  /** Addresses that the peer has come from since it last moved for good. */
  #recent: Host[] = [];
  /** Addresses at which the peer is no more. */
  readonly #left = new Set<string>();

  /** `local` is what quiche is told of our side: fixed, though the socket may change (`rebind`). */
  constructor(local: Host, remote: Host) {
    this.#local = local;
    this.#remote = udpAddress(remote.host, remote.port);
    this.#info = { from: remote, to: local };
  }

  get local(): Host {
    return this.#local;
  }

  /** The peer as last seen, for the socket. */
  get remote(): UdpAddress {
    return this.#remote;
  }

  /** The same for people: an IPv4 address is one, though a dual-stack socket writes it as IPv6. */
  get peer(): Address {
    return { hostname: unmapped(this.#remote.hostname), port: this.#remote.port };
  }

  isAt(host: string, port: number): boolean {
    return port === this.#remote.port && host === this.#remote.hostname;
  }

  /** What quiche wants to know of a datagram from there. */
  infoOf(host: string, port: number): RecvInfo {
    if (this.isAt(host, port)) return this.#info;
    const from = { host, port };
    this.#left.delete(keyOf(from));
    return { from, to: this.#local };
  }

  /** Where to send what quiche addresses to `to`. */
  addressOf(to: Host): UdpAddress {
    if (this.isAt(to.host, to.port) || this.#left.has(keyOf(to))) return this.#remote;
    return udpAddress(to.host, to.port);
  }

  /** quiche has opened a path to an address that the peer has come from. */
  opened(peer: Host): void {
    this.#recent.push(peer);
  }

  /**
   * The peer has moved, and has proven that it is there. Returns the addresses that it has left.
   *
   * quiche 0.18 never sends again what was under way to those, unless something else that it sent
   * there is acknowledged. So the caller has it probe them, and the probes go to where the peer is
   * now (`addressOf`): the acknowledgement tells quiche that all before is lost.
   */
  moved({ host, port }: Host): Host[] {
    const last = { host: this.#remote.hostname, port: this.#remote.port };
    const left = [last, ...this.#recent].filter((at) => at.host !== host || at.port !== port);
    for (const at of left) this.#left.add(keyOf(at));
    this.#left.delete(keyOf({ host, port }));
    this.#recent = [];
    this.#remote = udpAddress(host, port);
    this.#info = { from: { host, port }, to: this.#local };
    return left;
  }
}

function keyOf({ host, port }: Host): string {
  return `${host} ${port}`;
}
