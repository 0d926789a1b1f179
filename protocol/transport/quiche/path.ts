/**
 * Where the peer is, and how much may be sent there: a server's side of connection migration (RFC
 * 9000, section 9), for quiche 0.18. It does no I/O.
 *
 * quiche is not told the peer's real addresses, for two reasons:
 *
 * - It keeps every path for as long as the connection lives, and ignores datagrams from further
 *   addresses once it has as many as `active_connection_id_limit`
 *   (`tests/protocol/transport/quiche/engine_faults_test.ts`).
 * - What was in flight on a path that the peer has left is sent again only after a later packet on
 *   that same path was acknowledged. A connection that moves often would stall.
 *
 * So it is told names. The peer's first address is the name of the home path, which carries all
 * traffic, wherever the peer is. A datagram from any other address goes to quiche under an alias:
 *
 * 1. If it holds the newest non-probing packet, quiche makes the alias its active path: the peer has
 *    moved. That is a visit, during which only probes are sent.
 * 2. The peer's next datagram goes to quiche under the name of the home path, and quiche makes that
 *    its active path again. From now on the home path leads to the new address.
 * 3. quiche validates the path of the alias with PATH_CHALLENGE frames that go to this address
 *    alone. Until then the address gets at most three times as many bytes as came from it.
 *
 * Round trip and congestion window outlast a move, though section 9.4 wants them reset if more than
 * the port has changed.
 */
import { unmapped } from "../address.ts";
import type { Address } from "../transport.ts";
import { Alias } from "./alias.ts";
import { MIN_INITIAL } from "./header.ts";
import type { Host, NativeConnection, RecvInfo } from "./native.ts";
import { type UdpAddress, udpAddress } from "./socket.ts";

/** Sends a copy of a datagram. */
type Emit = (datagram: Uint8Array, to: UdpAddress) => void;

/** An address of the peer's. */
interface Place {
  readonly address: UdpAddress;
  validated: boolean;
  /** Bytes from there and to there. */
  received: number;
  sent: number;
}

/** The peer at a place that the home path does not lead to. */
interface Visit {
  readonly alias: Alias;
  readonly place: Place;
}

/** How many times what came from an unvalidated address may go there (RFC 9000, section 8). */
const AMPLIFICATION = 3;
/** Room for an acknowledgement and a PATH_CHALLENGE, and for little else. */
const PROBE_LENGTH = 60;
/** Milliseconds between two probes of an address that does not answer. */
export const PROBE_INTERVAL = 200;
/** With the home path these are fewer than `MAX_PATHS` (`config.ts`). */
const MAX_ALIASES = 12;

export class Path {
  readonly #local: Host;
  /** What quiche is told of a datagram on the home path. */
  readonly #homeInfo: RecvInfo;
  /** Where the home path leads. */
  #home: Place;
  readonly #aliases: Alias[] = [];
  /** While an alias is quiche's active path. */
  #visit: Visit | undefined;
  /** Where the last datagram came from that quiche was given. */
  #arrival: "home" | "visit" | Visit = "home";
  /** The least that may be sent: a server's first datagrams must not be short. */
  #minimum = MIN_INITIAL;
  readonly #probe = new Uint8Array(PROBE_LENGTH);
  /** How much of `#probe` is to be sent if the peer has moved. */
  #prepared = 0;

  /** A client's server counts as validated, for the client has chosen its address. */
  constructor(local: Host, remote: Host, validated: boolean) {
    this.#local = local;
    this.#homeInfo = { from: remote, to: local };
    this.#home = { ...placeOf(remote.host, remote.port, 0), validated };
  }

  /** Where the peer is, for the socket. */
  get remote(): UdpAddress {
    return this.#place.address;
  }

  /** Where the peer is, for people: an IPv4 address, though a dual-stack socket writes it as IPv6. */
  get peer(): Address {
    const { hostname, port } = this.remote;
    return { hostname: unmapped(hostname), port };
  }

  /** Whether nothing is left to do for any move: then `follow` need not be called. */
  get settled(): boolean {
    return this.#arrival === "home" && this.#visit === undefined && this.#home.validated &&
      this.#aliases.every(({ state }) => state === "free" || state === "unanswered");
  }

  /** Whether only probes may be sent. */
  get visiting(): boolean {
    return this.#visit !== undefined;
  }

  /** How many bytes may be sent to `remote`. */
  get allowance(): number {
    const allowance = allowanceOf(this.#place);
    return allowance < this.#minimum ? 0 : allowance;
  }

  /** Whether `probe` is to be called after an interval. */
  get probing(): boolean {
    return this.#aliases.some(({ state }) => state === "probing");
  }

  /** Whether quiche means the home path. */
  isHome({ host, port }: Host): boolean {
    const { from } = this.#homeInfo;
    return port === from.port && host === from.host;
  }

  /** The handshake is done, which validates the peer's address. */
  validate(): void {
    this.#home.validated = true;
    this.#minimum = PROBE_LENGTH;
  }

  /** What to tell quiche of a datagram from this address, which it is given next. */
  infoOf(quic: NativeConnection, hostname: string, port: number, length: number): RecvInfo {
    this.#arrival = "home";
    if (isAt(this.#home, hostname, port)) {
      this.#home.received += length;
      return this.#homeInfo;
    }
    if (this.#visit !== undefined && isAt(this.#visit.place, hostname, port)) {
      this.#arrival = "visit";
      this.#visit.place.received += length;
      return this.#homeInfo;
    }
    const place = placeOf(hostname, port, length);
    const alias = this.#aliasFor(place.address);
    this.#arrival = { alias, place };
    this.#prepare(quic, alias);
    return alias.info;
  }

  /** quiche has processed that datagram: learns from it where the peer is. */
  follow(quic: NativeConnection, emit: Emit): void {
    const arrival = this.#arrival;
    this.#arrival = "home";
    const active = activePath(quic);
    if (typeof arrival === "object") {
      if (active !== undefined && arrival.alias.isNamed(active)) this.#begin(quic, arrival, emit);
      else this.#answer(quic, arrival, emit);
    } else if (this.#visit !== undefined && active !== undefined && this.isHome(active)) {
      if (arrival === "visit") this.#settle(this.#visit.place);
      else this.#visit = undefined; // The peer is back.
    }
    this.#review(quic);
    drainEvents(quic);
  }

  /** quiche has dealt with its timers. */
  timeOut(quic: NativeConnection): void {
    if (this.#aliases.length === 0) return;
    for (const alias of this.#aliases) alias.timeOut(quic);
    // quiche has given up the path of the visit, and fallen back to the home path.
    const active = activePath(quic);
    if (this.#visit !== undefined && active !== undefined && this.isHome(active)) {
      this.#settle(this.#visit.place);
    }
    drainEvents(quic);
  }

  /** Probes what has not answered. */
  probe(quic: NativeConnection, emit: Emit): void {
    for (const alias of this.#aliases) {
      if (!alias.standsFor(this.remote)) alias.release();
      alias.probeAgain(quic);
    }
    if (this.#visit === undefined) return;
    const { alias, place } = this.#visit;
    if (allowanceOf(place) >= PROBE_LENGTH) this.#emit(alias.take(quic, this.#probe), place, emit);
  }

  /** Puts quiche's next datagram, which is for `remote`, into `out`; 0: there is none. */
  next(quic: NativeConnection, out: Uint8Array, closing: boolean): number {
    if (this.#aliases.length === 0) return quic.send(out)?.[0] ?? 0;
    for (const alias of closing ? [] : this.#aliases) {
      const length = this.#nextOf(quic, alias, out);
      if (length > 0) return length;
    }
    // Left to itself, quiche may choose a path that it cannot send on, and send nothing.
    const active = this.#visit?.alias.host ?? this.#homeInfo.from;
    return quic.sendOnPath(out, this.#local, active)?.[0] ?? 0;
  }

  /** So many bytes have been sent to `remote`. */
  count(length: number): void {
    this.#place.sent += length;
  }

  get #place(): Place {
    return this.#visit?.place ?? this.#home;
  }

  /** The next datagram of an alias; 0: there is none, or it is withheld. */
  #nextOf(quic: NativeConnection, alias: Alias, out: Uint8Array): number {
    if (alias.state === "resetting") alias.take(quic, out);
    if (alias.state !== "probing") return 0;
    const { address, validated } = this.#home;
    if (!validated && alias.standsFor(address)) {
      return alias.take(quic, out.subarray(0, PROBE_LENGTH));
    }
    // The answer to a shorter one would not make quiche take the path for validated.
    return out.length < MIN_INITIAL ? 0 : alias.take(quic, out);
  }

  /** One that stands for this address; else one that nothing is expected of. */
  #aliasFor(address: UdpAddress): Alias {
    const found = this.#aliases.find((alias) => alias.standsFor(address)) ??
      this.#aliases.find(({ state }) => state === "free");
    if (found !== undefined) return found;
    const [first] = this.#aliases;
    if (first !== undefined && this.#aliases.length === MAX_ALIASES) {
      return this.#aliases.find(({ state }) => state === "unanswered") ?? first;
    }
    const alias = new Alias(this.#local, this.#aliases.length + 1);
    this.#aliases.push(alias);
    return alias;
  }

  /**
   * Makes a probe, to be sent if the peer has moved: a PATH_CHALLENGE of the alias, or a PING of the
   * home path if quiche does not know the alias yet. Once the alias is its active path, quiche would
   * add frames to the alias's datagrams which must not get lost.
   */
  #prepare(quic: NativeConnection, alias: Alias): void {
    alias.probe(quic);
    this.#prepared = alias.take(quic, this.#probe);
    if (this.#prepared === 0) quic.sendAckEliciting();
  }

  /** The peer has moved. */
  #begin(quic: NativeConnection, visit: Visit, emit: Emit): void {
    const { alias, place } = visit;
    this.#visit = visit;
    alias.assign(place.address);
    const length = this.#prepared ||
      (quic.sendOnPath(this.#probe, this.#local, this.#homeInfo.from)?.[0] ?? 0);
    if (length <= allowanceOf(place)) this.#emit(length, place, emit);
    if (quic.sendQuantum() > 0) return;
    // The alias has a path that quiche has given up, so that there is no active path.
    quic.onTimeout();
    this.timeOut(quic);
  }

  /** The peer has not moved, but may have probed: quiche answers on the path that was probed. */
  #answer(quic: NativeConnection, { alias, place }: Visit, emit: Emit): void {
    const length = alias.take(quic, this.#probe);
    if (length === 0 || length > allowanceOf(place)) return;
    alias.assign(place.address);
    this.#emit(length, place, emit);
  }

  #emit(length: number, place: Place, emit: Emit): void {
    if (length === 0) return;
    place.sent += length;
    emit(this.#probe.subarray(0, length), place.address);
  }

  /** From now on the home path leads to another address. */
  #settle(place: Place): void {
    this.#visit = undefined;
    this.#home = place;
    for (const alias of this.#aliases) if (!alias.standsFor(place.address)) alias.release();
  }

  /** Looks whether addresses have been validated. */
  #review(quic: NativeConnection): void {
    if (this.#visit !== undefined) return;
    const { address } = this.#home;
    const own = this.#aliases.find((alias) => alias.standsFor(address));
    if (own !== undefined && !this.#home.validated) this.#home.validated = own.isAnswered(quic);
    for (const alias of this.#aliases) alias.resetIfValidated(quic);
    if (!this.#home.validated) this.#keepValidating(quic, own);
  }

  /** The peer has sent something from an address that it has not been probed at lately. */
  #keepValidating(quic: NativeConnection, own: Alias | undefined): void {
    const { address } = this.#home;
    if (own?.state === "unanswered") own.assign(address);
    if (own !== undefined) return;
    // The alias of the last visit was not free then. Another one may be now, or may become free.
    for (const alias of this.#aliases) {
      if (alias.state === "unanswered") alias.release();
      if (alias.state !== "free") continue;
      alias.assign(address);
      alias.probe(quic);
      if (alias.standsFor(address)) return;
    }
  }
}

function placeOf(hostname: string, port: number, received: number): Place {
  return { address: udpAddress(hostname, port), validated: false, received, sent: 0 };
}

function isAt({ address }: Place, hostname: string, port: number): boolean {
  return port === address.port && hostname === address.hostname;
}

function allowanceOf({ validated, received, sent }: Place): number {
  return validated ? Infinity : AMPLIFICATION * received - sent;
}

function activePath(quic: NativeConnection): Host | undefined {
  return quic.pathStats().find(({ active }) => active)?.peerHost;
}

/** They tell nothing that is not asked for elsewhere; but quiche keeps them until they are taken. */
function drainEvents(quic: NativeConnection): void {
  while (quic.pathEventNext() !== null);
}
