/**
 * Where a peer is, and whether it has proven it. quiche follows a peer that moves (RFC 9000, section
 * 9) and says where to send. This keeps the addresses in the shapes that quiche, the socket and
 * people want, made once for each move, and gets quiche 0.18 over what it does wrong on the way:
 *
 * - What was under way to an address that the peer has left is never sent again, unless something
 *   else that was sent there is acknowledged. So those addresses are probed, and the probes go to
 *   where the peer is now: the answer tells quiche that all before is lost.
 * - A probe is not repeated that was lost while nothing else was under way.
 * - A probe to an address that may get no more bytes holds up whatever is for the others.
 * - A path whose validation has failed counts as none until the next probe has left, and a datagram
 *   that finds no path ends the connection.
 * - Probes to an unproven address are filled up as far as they may be; small ones do not prove that
 *   large ones arrive, and so the allowance never grows.
 */
import { unmapped } from "../address.ts";
import type { Address } from "../transport.ts";
import type { Host, NativeConnection, RecvInfo } from "./native.ts";
import { type UdpAddress, udpAddress } from "./socket.ts";

type Sent = ReturnType<NativeConnection["send"]>;

/** How many times what came from an unproven address may go there (RFC 9000, section 8). */
const AMPLIFICATION = 3;
/** Room for a probe and not much else. */
export const PROBE_LENGTH = 60;
/** Of the allowance, what is kept for probes, should the peer leave before it has proven anything. */
const PROBE_RESERVE = 8 * PROBE_LENGTH;
/** After a move, how often each address is probed, and how far apart, in milliseconds. */
const MAX_PROBES = 10;
export const PROBE_INTERVAL = 200;

export class Path {
  /** What quiche is told of our side: fixed, though the socket may change (`rebind`). */
  readonly #local: Host;
  #remote: UdpAddress;
  #info: RecvInfo;
  #proven: boolean;
  /** Bytes from and to the remote address while it is unproven. */
  #received = 0;
  #sent = 0;
  #hasMoved = false;
  /** Addresses that the peer has come from since it last proved where it was. */
  #recent: UdpAddress[] = [];
  /** Addresses at which the peer is no more, by `keyOf`. */
  readonly #left = new Map<string, Host>();
  /** How often probes are still to be sent. */
  #probes = 0;

  constructor(local: Host, remote: Host, proven: boolean) {
    this.#local = local;
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

  /** Whether all is as it mostly is: the peer is where it was, and has proven it. */
  isSettled(host: string, port: number): boolean {
    return this.#proven && this.#isAt(host, port);
  }

  /** Whether the peer has ever moved: from then on quiche may have something for several paths. */
  get hasMoved(): boolean {
    return this.#hasMoved;
  }

  /** How much may be sent to the remote address now: in probes, and in all else. */
  get probeAllowance(): number {
    return this.#proven ? Infinity : AMPLIFICATION * this.#received - this.#sent;
  }

  get allowance(): number {
    return this.probeAllowance - PROBE_RESERVE;
  }

  /** What quiche wants to know of a datagram from there. */
  infoOf(host: string, port: number, length: number): RecvInfo {
    if (this.#isAt(host, port)) {
      this.#received += length;
      return this.#info;
    }
    this.#left.delete(keyOf(host, port));
    return { from: { host, port }, to: this.#local };
  }

  /** Where to send the `length` bytes that quiche addresses to `to`. */
  addressOf(to: Host, length: number): UdpAddress {
    const { host, port } = to;
    if (!this.#isAt(host, port) && !this.#left.has(keyOf(host, port))) {
      return udpAddress(host, port);
    }
    this.#sent += length;
    return this.#remote;
  }

  /** The handshake is done: nobody gets so far who cannot be reached. */
  prove(): void {
    this.#proven = true;
  }

  /** Learns from quiche where the peer is, from which `received` bytes have just come. */
  follow(quic: NativeConnection, received: number): void {
    const active = quic.pathStats().find((path) => path.active)?.peerHost;
    if (active !== undefined && !this.#isAt(active.host, active.port)) {
      this.#moving(active, received);
      this.#probes = MAX_PROBES;
    }
    for (let event = quic.pathEventNext(); event !== null; event = quic.pathEventNext()) {
      if (event.type !== "PeerMigrated") continue;
      this.#moved();
      this.#probes = MAX_PROBES;
      this.probe(quic);
    }
  }

  /** Whether `probe` is to be called again after an interval. */
  get probing(): boolean {
    return this.#probes > 0;
  }

  /** Probes where the peer seems to be, until it has proven that, and then where it has been. */
  probe(quic: NativeConnection): void {
    this.#probes--;
    if (!this.#proven) return void quic.probePath(this.#local, this.#info.from);
    for (const [key, address] of this.#left) {
      try {
        quic.probePath(this.#local, address);
      } catch {
        this.#left.delete(key); // quiche has let go of that path.
      }
    }
  }

  /** Puts quiche's next datagram into `out`, whatever address it is for. */
  next(quic: NativeConnection, out: Uint8Array): Sent {
    let sent = quic.send(out);
    if (sent !== null || !this.#hasMoved) return sent;
    sent = quic.sendOnPath(out, this.#local, this.#info.from);
    if (sent !== null || !this.probing) return sent;
    const small = out.subarray(0, PROBE_LENGTH);
    for (const address of this.#left.values()) {
      sent ??= quic.sendOnPath(small, this.#local, address);
    }
    return sent;
  }

  #isAt(host: string, port: number): boolean {
    return port === this.#remote.port && host === this.#remote.hostname;
  }

  /** quiche sends to the peer there from now on, as much as an unproven address may get. */
  #moving({ host, port }: Host, received: number): void {
    this.#recent.push(this.#remote);
    this.#remote = udpAddress(host, port);
    this.#info = { from: { host, port }, to: this.#local };
    this.#hasMoved = true;
    this.#proven = false;
    this.#received = received;
    this.#sent = 0;
  }

  /** The peer has proven where it is, and so has left wherever else it was. */
  #moved(): void {
    this.#proven = true;
    for (const { hostname: host, port } of this.#recent) {
      if (!this.#isAt(host, port)) this.#left.set(keyOf(host, port), { host, port });
    }
    this.#recent = [];
  }
}

function keyOf(host: string, port: number): string {
  return `${host} ${port}`;
}
