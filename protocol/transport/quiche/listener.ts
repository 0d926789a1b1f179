/**
 * Decides which clients may connect to a server: version negotiation, Retry, and the limits on
 * connections and handshakes. It does nothing for a connection that it has accepted.
 */
import { bytesToHex } from "@noble/hashes/utils.js";
import { Admission } from "../admission.ts";
import { GAVE_WAY, refused } from "../closing.ts";
import { HandshakeLog } from "../handshake.ts";
import { HandshakeShares } from "../handshake_shares.ts";
import type {
  Connection,
  HandshakeEvent,
  Listener,
  TakeKeys,
  TransportLimits,
} from "../transport.ts";
import { QuicheConnection } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import { hasValidIds, isLong, type LongHeader, MIN_INITIAL, parseLongHeader } from "./header.ts";
import type { EventLoop } from "./event_loop.ts";
import { recordKeys } from "./key_record.ts";
import type { NativeConfig, NativeConnection, Quiche } from "./native.ts";
import { checkRetryToken, makeRetryToken } from "./retry.ts";
import { type UdpAddress, udpAddress } from "./socket.ts";

/** The least length of the ID that a client first chooses for its server (RFC 9000, section 7.2). */
const MIN_FIRST_ID = 8;
/** Bytes of a stateless reset (RFC 9000, section 10.3): at least, and at most. */
const MIN_RESET = 21;
const MAX_RESET = 42;
/** A restart with 10,000 clients, which send every two seconds, gets through in a few seconds. */
const RESETS_PER_SECOND = 2_000;

/** What a Retry token says. */
interface Claim {
  readonly time: number;
  readonly originalId: Uint8Array;
}

/** The datagram that begins a handshake: a copy, since the socket's buffer is used again. */
interface Beginning {
  readonly datagram: Uint8Array;
  readonly remote: UdpAddress;
  readonly claim: Claim | undefined;
}

interface ListenerOptions {
  readonly quiche: Quiche;
  readonly loop: EventLoop;
  readonly endpoint: Endpoint;
  readonly config: NativeConfig;
  readonly limits: TransportLimits;
  readonly retry: boolean;
  readonly admit: (() => Promise<void>) | undefined;
  readonly onHandshake: ((event: HandshakeEvent) => void) | undefined;
  readonly onKeys: TakeKeys | undefined;
}

export class QuicheListener implements Listener {
  readonly engine = "quiche";
  readonly #options: ListenerOptions;
  readonly #endpoint: Endpoint;
  readonly #tokenKey: Uint8Array;
  /** All connections, and those of them whose handshake is not done. */
  readonly #connections = new Set<QuicheConnection>();
  readonly #handshaking: HandshakeShares<QuicheConnection>;
  /** Established, and not accepted yet. */
  readonly #ready = new Set<Connection>();
  /** Stateless resets since this time. */
  #resets = { count: 0, since: 0 };
  readonly #admission: Admission<Beginning>;
  #acceptors: Array<(connection: Connection | null) => void> = [];
  #closed: Promise<void> | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#endpoint = options.endpoint;
    this.#handshaking = new HandshakeShares(options.limits.maxHandshakes);
    this.#tokenKey = options.endpoint.random(32);
    this.#admission = new Admission({
      admit: options.admit,
      begin: (beginning) => this.#connect(beginning),
    });
    options.endpoint.onUnrouted = this.#onStranger;
  }

  get address() {
    return this.#endpoint.address;
  }

  accept(): Promise<Connection | null> {
    if (this.#closed !== undefined) return Promise.resolve(null);
    for (const connection of this.#ready) {
      this.#ready.delete(connection);
      return Promise.resolve(connection);
    }
    return new Promise((resolve) => this.#acceptors.push(resolve));
  }

  close(code = 0, reason = ""): Promise<void> {
    return this.#closed ??= this.#close(code, reason);
  }

  async #close(code: number, reason: string): Promise<void> {
    this.#endpoint.onUnrouted = undefined;
    this.#admission.clear();
    this.#ready.clear();
    for (const accept of this.#acceptors) accept(null);
    this.#acceptors = [];
    const closing = [...this.#connections];
    for (const connection of closing) connection.close(code, reason);
    await Promise.all(closing.map((connection) => connection.closed));
    await this.#endpoint.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #onStranger = (datagram: Uint8Array, hostname: string, port: number): void => {
    if (!isLong(datagram)) return this.#reset(datagram, udpAddress(hostname, port));
    if (datagram.length < MIN_INITIAL) return;
    const header = parseLongHeader(datagram);
    if (header === undefined || header.version === 0) return;
    const remote = udpAddress(hostname, port);
    if (!this.#options.quiche.versionIsSupported(header.version)) {
      return this.#negotiateVersion(header, remote);
    }
    if (header.type !== "initial" || !hasValidIds(header)) return;
    if (header.destination.length < MIN_FIRST_ID) return;
    if (!this.#options.retry) return this.#offer(datagram, remote, undefined);
    if (header.token.length === 0) return this.#sendRetry(header, remote);
    const claim = checkRetryToken(this.#tokenKey, header.token, {
      hostname,
      port,
      retryId: header.destination,
      now: Math.floor(this.#options.loop.now()),
    });
    if (claim !== undefined) this.#offer(datagram, remote, claim);
  };

  /**
   * Tells a client of an earlier process that its connection is not known: a stateless reset without
   * its token (RFC 9000, section 10.3), which cannot be told from any other packet. Sotto's clients
   * take it for a sign; others drop it. It is shorter than what it answers, so that two servers that
   * answer each other come to an end.
   */
  #reset(datagram: Uint8Array, remote: UdpAddress): void {
    const length = Math.min(datagram.length - 1, MAX_RESET);
    const now = this.#options.loop.now();
    if (now - this.#resets.since >= 1_000) this.#resets = { count: 0, since: now };
    if (length < MIN_RESET || this.#resets.count++ >= RESETS_PER_SECOND) return;
    this.#answer(remote, (out) => {
      out.set(this.#endpoint.random(length));
      // The form of a short header, with the fixed bit.
      out[0] = ((out[0] ?? 0) & 0x3f) | 0x40;
      return length;
    });
  }

  #negotiateVersion(header: LongHeader, remote: UdpAddress): void {
    const { loop, onHandshake, quiche } = this.#options;
    new HandshakeLog(onHandshake, loop.now).report("version_negotiation", remote, idsOf(header));
    this.#answer(remote, (out) => quiche.negotiateVersion(header.source, header.destination, out));
  }

  #sendRetry(header: LongHeader, remote: UdpAddress): void {
    const { loop, onHandshake, quiche } = this.#options;
    const { hostname, port } = remote;
    const time = Math.floor(loop.now());
    const log = new HandshakeLog(onHandshake, loop.now, time);
    log.report("initial", remote, idsOf(header));
    const retryId = this.#endpoint.newId();
    const token = makeRetryToken(this.#tokenKey, {
      time,
      hostname,
      port,
      originalId: header.destination,
      retryId,
    });
    this.#answer(
      remote,
      (out) => quiche.retry(header.source, header.destination, retryId, token, header.version, out),
    );
    log.report("retry", remote, idsOf(header));
  }

  #offer(datagram: Uint8Array, remote: UdpAddress, claim: Claim | undefined): void {
    this.#admission.offer({ datagram: datagram.slice(), remote, claim });
  }

  #connect({ datagram, remote, claim }: Beginning): void {
    const header = parseLongHeader(datagram);
    if (header === undefined || this.#closed !== undefined) return;
    // While this one waited, an earlier copy of it may have begun the handshake.
    if (this.#endpoint.passOn(datagram, remote)) return;
    const { limits, loop, onHandshake } = this.#options;
    const endpoint = this.#endpoint;
    const place = this.#handshaking.place(remote.hostname);
    if (place === undefined) return;
    const log = new HandshakeLog(onHandshake, loop.now, claim?.time);
    if (claim === undefined) log.report("initial", remote, idsOf(header));
    // After a Retry, the client uses the ID that the Retry gave it.
    const id = claim === undefined ? endpoint.newId() : header.destination.slice();
    const quic = this.#begin(id, claim?.originalId, remote);
    if (quic === undefined) return;
    const handOverKeys = recordKeys(quic, this.#options.onKeys);
    place.giveUp?.abandon(refused(GAVE_WAY));
    const full = this.#connections.size >= limits.maxConnections;
    const connection = new QuicheConnection({
      role: "server",
      quic,
      endpoint: endpoint.hold(),
      loop,
      remote,
      id,
      clientsId: claim === undefined ? header.destination.slice() : undefined,
      limits,
      log,
      onEstablished: (connection) => {
        handOverKeys();
        this.#onEstablished(connection);
      },
      onEnded: (connection) => {
        handOverKeys();
        this.#onEnded(connection);
      },
    });
    this.#connections.add(connection);
    this.#handshaking.add(connection, remote.hostname, loop.now());
    connection.receive(datagram, remote.hostname, remote.port);
    if (full) connection.abandon(refused("the server has no room for another connection"));
  }

  /** `undefined` if quiche cannot parse the address. */
  #begin(
    id: Uint8Array,
    originalId: Uint8Array | undefined,
    { hostname, port }: UdpAddress,
  ): NativeConnection | undefined {
    const { config, quiche } = this.#options;
    const peer = { host: hostname, port };
    try {
      return quiche.Connection.accept(id, originalId, this.#endpoint.local, peer, config);
    } catch {
      return undefined;
    }
  }

  #onEstablished(connection: QuicheConnection): void {
    this.#handshaking.delete(connection);
    const accept = this.#acceptors.shift();
    if (accept !== undefined) accept(connection);
    else this.#ready.add(connection);
  }

  #onEnded(connection: QuicheConnection): void {
    this.#connections.delete(connection);
    this.#handshaking.delete(connection);
    this.#ready.delete(connection);
  }

  /** Sends one datagram that belongs to no connection. */
  #answer(remote: UdpAddress, write: (out: Uint8Array) => number): void {
    const slot = this.#options.loop.slot();
    if (slot === undefined) return;
    let length: number;
    try {
      length = write(slot.bytes);
    } catch {
      return slot.release(); // Nothing in what they sent can be answered.
    }
    this.#endpoint.send(slot, length, remote);
  }
}

/** Both IDs of a client's packet, as the server sees them. */
function idsOf(header: LongHeader) {
  return { sourceId: bytesToHex(header.destination), destinationId: bytesToHex(header.source) };
}
