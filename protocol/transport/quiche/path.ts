/** Where a peer is, in the three shapes that are asked for, made once for each path. */
import { type Host, type RecvInfo } from "./native.ts";
import { type UdpAddress, udpAddress } from "./socket.ts";

export class Path {
  readonly #local: Host;
  #remote: UdpAddress;
  #info: RecvInfo;

  /** `local` is what quiche is told of our side: fixed, though the socket may change (`rebind`). */
  constructor(local: Host, remote: Host) {
    this.#local = local;
    this.#remote = udpAddress(remote.host, remote.port);
    this.#info = { from: remote, to: local };
  }

  /** The peer as last seen, for the socket. */
  get remote(): UdpAddress {
    return this.#remote;
  }

  /** Whether a datagram comes from where the peer was last. */
  isFrom(hostname: string, port: number): boolean {
    return port === this.#remote.port && hostname === this.#remote.hostname;
  }

  /** What quiche wants to know of a datagram from there. */
  infoOf(hostname: string, port: number): RecvInfo {
    if (this.isFrom(hostname, port)) return this.#info;
    return { from: { host: hostname, port }, to: this.#local };
  }

  /** Where to send a datagram for `to`: mostly where the peer is, at times a path under test. */
  addressOf({ host, port }: Host): UdpAddress {
    return this.isFrom(host, port) ? this.#remote : udpAddress(host, port);
  }

  /** The peer has moved. */
  moved({ host, port }: Host): void {
    this.#remote = udpAddress(host, port);
    this.#info = { from: { host, port }, to: this.#local };
  }
}
