/**
 * What Sotto asks of a transport: secure, ordered, bidirectional byte streams inside a connection
 * that survives a change of address. QUIC (RFC 9000) gives this; TLS over TCP can stand in.
 *
 * A transport knows no frames and no users. It reads no configuration and writes no log: it
 * reports through `onHandshake` and its return values.
 *
 * Every engine MUST keep this contract (`tests/protocol/transport/contract.ts` holds them to it):
 *
 * 1. `Stream.read` yields chunks in order, then `null` after the peer's FIN, now and ever after.
 *    After a reset by the peer it throws `StreamError` with the peer's code, now and ever after.
 *    One read at a time for each stream.
 * 2. `Stream.write` takes the whole chunk or throws. Its promise settles when the engine has taken
 *    all bytes: while flow control blocks it stays pending, and that is the back-pressure. The
 *    engine MUST NOT change the chunk (it is shared between streams); the caller MUST NOT change
 *    it until the promise has settled. One write at a time for each stream. After the peer stopped
 *    reading it throws `StreamError` with the peer's code; after `end` it throws a `TypeError`.
 * 3. `Connection.closed` settles exactly once and never rejects. When it has settled, every
 *    pending `read`, `write`, `openStream` and `accept` has settled too, and what the connection
 *    held is released. `accept` then yields `null`, `end` resolves, and the rest throw
 *    `TransportError` with the code `closed` and the reason in `close`, now and ever after.
 * 4. What a peer sends, however malformed, never throws out of an engine: it is dropped, or it
 *    closes that peer's connection, and no other.
 * 5. A peer that comes from a new address keeps its connection (RFC 9000, section 9). Over TCP
 *    (`tls`) it cannot: the connection is lost, and the peer dials again.
 * 6. After `Stream.reset` here, pending and later reads and writes here throw `StreamError` with
 *    the code given. The peer's throw it too, as far as the engine can send a code: `builtin`
 *    cannot, and its peer sees FIN, and 0 for a code when it writes. So a FIN alone MUST NOT be
 *    taken to mean that what was sent is whole: frames and transfers say so themselves. And `quiche`
 *    may not repeat a FIN or a reset that was lost, so nothing MUST wait for one without a limit.
 * 7. Disposing of a stream resets it with `CLOSE_NONE` unless both directions have ended; disposing
 *    of a connection closes it with `CLOSE_NONE` and waits for `closed`; of a listener likewise.
 */

/** An IP address and UDP (or TCP) port. IPv6 addresses carry no brackets. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** The two QUIC engines, and TLS 1.3 over TCP. */
export type EngineName = "quiche" | "builtin" | "tls";

/** How a connection ended. */
export interface CloseReason {
  /**
   * `application`: one end called `close`; `code` is theirs (`protocol/errors.ts`).
   * `transport`: QUIC or TLS failed; `code` is RFC 9000's (section 20.1), 0x100 + alert for TLS.
   * `idle`: the peer was silent for the idle timeout. `lost`: the engine cannot say more.
   */
  readonly kind: "application" | "transport" | "idle" | "lost";
  readonly code: number;
  /** Text from the peer or the engine. Not trusted: make it safe before you show it. */
  readonly reason: string;
  readonly by: "local" | "peer";
}

/** A stage of a handshake, for the log. Times are in milliseconds. */
export interface HandshakeEvent {
  readonly stage:
    | "initial" // the first datagram of a peer (server), or ours sent (client)
    | "retry" // a Retry packet went out (server) or was answered (client)
    | "version_negotiation"
    | "established"
    | "attached" // a further TLS connection has joined its connection (`tls`, server)
    | "failed";
  readonly peer: Address;
  readonly elapsed: number;
  readonly alpn?: string;
  readonly serverName?: string;
  /** Hex. Engines that do not show connection IDs leave them out. */
  readonly sourceId?: string;
  readonly destinationId?: string;
  /** Why it failed. Not trusted. */
  readonly reason?: string;
}

/** One bidirectional stream. */
export interface Stream extends AsyncDisposable {
  /** The QUIC stream ID (RFC 9000, section 2.1): 0, 4, 8… are the client's, 1, 5, 9… the server's. */
  readonly id: number;
  /** The next chunk, or `null` after the peer's FIN. The chunk is the caller's to keep. */
  read(): Promise<Uint8Array | null>;
  /** Queues a whole chunk; pending while flow control blocks. */
  write(chunk: Uint8Array): Promise<void>;
  /** Sends FIN after what was written. Reading goes on. Idempotent; never throws. */
  end(): Promise<void>;
  /** Ends both directions at once: RESET_STREAM and STOP_SENDING with `code`. Idempotent. */
  reset(code: number): void;
}

/** One connection to one peer. */
export interface Connection extends AsyncDisposable {
  readonly engine: EngineName;
  readonly role: "client" | "server";
  /** The peer's address as last seen; it changes when the peer migrates. */
  readonly remote: Address;
  /** The negotiated ALPN protocol. */
  readonly alpn: string;
  /** The name the client asked for (SNI), where there was one and the engine shows it. */
  readonly serverName: string | undefined;
  /** The peer's leaf certificate, DER. `undefined` where the engine does not show it. */
  readonly peerCertificate: Uint8Array | undefined;
  /** Both connection IDs, hex. `undefined` where the engine does not show them. */
  ids(): { readonly source: string; readonly destination: string } | undefined;
  /** The smoothed round trip in milliseconds. `undefined` where the engine does not show it. */
  rtt(): number | undefined;
  /**
   * Opens a stream. The peer learns of it with the first chunk. Waits while the peer allows none.
   * A server's end of `tls` cannot: `unsupported`; a client's may fail as `dial` does.
   */
  openStream(): Promise<Stream>;
  /** The next stream that the peer opened; `null` once the connection has closed. */
  accept(): Promise<Stream | null>;
  /**
   * Client only: resolves at the next sign that the server has forgotten the connection, as one does
   * that was restarted: it is silent, or answers as to a stranger. The sign proves nothing, and may
   * be forged. So ask the server. Never resolves where the engine sees no signs, or once the
   * connection has closed.
   */
  forgotten(): Promise<void>;
  /** Milliseconds since anything came from the peer. `undefined` where the engine does not show it. */
  silence(): number | undefined;
  /**
   * Client only: goes on from a new local UDP port, as after a change of network. Resolves when
   * the new socket is in use; the peer follows by itself. Throws `TransportError` where the engine
   * cannot do it.
   */
  rebind(): Promise<void>;
  /**
   * Closes for both sides, with an application code and a reason of at most 200 bytes. Streams end
   * without further delivery: `end()` them and let the peer read first if the last bytes matter.
   */
  close(code: number, reason?: string): void;
  readonly closed: Promise<CloseReason>;
}

/** A bound server. */
export interface Listener extends AsyncDisposable {
  readonly engine: EngineName;
  /** Where it listens; `port` is the real one when 0 was asked for. */
  readonly address: Address;
  /** The next established connection; `null` once the listener has closed. */
  accept(): Promise<Connection | null>;
  /**
   * Closes every connection with the code and reason, flushes the closes, frees the port.
   * (Deno lets go of the builtin engine's port at its next garbage collection only.)
   */
  close(code?: number, reason?: string): Promise<void>;
}

/** Limits that an engine holds for every connection. All of them are bounds on a hostile peer. */
export interface TransportLimits {
  /** Connections at once; further ones are refused. */
  readonly maxConnections: number;
  /**
   * Handshakes under way at once; further Initials are dropped, and the peer tries again. None keeps
   * another network out: see `handshake_shares.ts`, and `tls/handshake_limiter.ts`.
   */
  readonly maxHandshakes: number;
  /** A handshake that takes longer is given up. Milliseconds. */
  readonly handshakeTimeout: number;
  /** Streams that the peer may have open at once. */
  readonly maxStreams: number;
  /**
   * Receive window of one stream, bytes (where the engine lets it be set). `maxStreams` times as
   * much may wait unread in one connection.
   */
  readonly streamWindow: number;
  /** Milliseconds of silence after which a connection is gone. */
  readonly idleTimeout: number;
  /** Milliseconds between keep-alives while nothing else is sent; 0 sends none. */
  readonly keepAlive: number;
}

export const DEFAULT_LIMITS: TransportLimits = {
  maxConnections: 10_000,
  maxHandshakes: 256,
  handshakeTimeout: 10_000,
  maxStreams: 8,
  streamWindow: 256 * 1024,
  idleTimeout: 45_000,
  keepAlive: 15_000,
};

/** Takes lines of a key log (draft-ietf-tls-keylogfile), each with its line feed. They are secret. */
export type TakeKeys = (lines: string) => void;

export interface ListenOptions {
  /** `::` serves IPv4 too. */
  readonly hostname: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** PEM. The leaf MUST say `CA:FALSE` (rustls refuses other leaves). */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  readonly alpn: readonly string[];
  readonly limits?: Partial<TransportLimits>;
  /** Awaited before each handshake begins, one at a time; default: it begins at once. */
  readonly admit?: (() => Promise<void>) | undefined;
  /** Sends Retry (RFC 9000, section 8.1) to unproven addresses. Default `true`, where it can. */
  readonly retry?: boolean;
  readonly onHandshake?: (event: HandshakeEvent) => void;
  /** Gets the keys of each connection, where the engine shows them (`quiche` only). */
  readonly onKeys?: TakeKeys | undefined;
}

/**
 * Decides whether a server is the one that was meant. It is called with the leaf certificate (DER)
 * after the handshake and before a single byte is sent; `false` closes with `CERTIFICATE_REFUSED`.
 */
export type VerifyPeer = (leaf: Uint8Array) => boolean | Promise<boolean>;

export interface DialOptions {
  readonly hostname: string;
  readonly port: number;
  /** SNI; default: `hostname` where that is a name. */
  readonly serverName?: string;
  readonly alpn: readonly string[];
  /**
   * `verify` sees what the server showed (engines that show certificates); `hashes` are SHA-256 of
   * acceptable leaf certificates, 32 bytes each (engines that do not). An engine that can do
   * neither with what it is given MUST refuse to connect.
   */
  readonly verify?: VerifyPeer;
  readonly hashes?: readonly Uint8Array[];
  readonly limits?: Partial<TransportLimits>;
  readonly onHandshake?: (event: HandshakeEvent) => void;
  /** Gets the keys of the connection, where the engine shows them (`quiche` only). */
  readonly onKeys?: TakeKeys | undefined;
  readonly signal?: AbortSignal;
}

/** A transport engine: what `protocol/transport/{quiche,builtin,tls}` each export as `engine`. */
export interface Engine {
  readonly name: EngineName;
  /**
   * Throws `TransportError`: `address_in_use`, or `certificate` when the certificate or the key
   * cannot be used.
   */
  listen(options: ListenOptions): Promise<Listener>;
  /** Resolves once the handshake is done and the peer is verified. Throws `TransportError`. */
  dial(options: DialOptions): Promise<Connection>;
}

/** Application close codes that the transports themselves use; the session's are in `errors.ts`. */
export const CLOSE_NONE = 0;
/** The client did not accept the server's certificate. */
export const CERTIFICATE_REFUSED = 0x10;

/** A connection or listener could not do what was asked. `close` is there if it has ended. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly code:
    | "unreachable" // nothing answered, or the name does not resolve
    | "refused" // the peer closed during the handshake, or TLS failed
    | "certificate" // `verify` or `hashes` said no
    | "timeout"
    | "closed" // the connection has ended; see `close`
    | "address_in_use"
    | "unsupported" // this engine or platform cannot do that
    | "aborted";
  readonly close: CloseReason | undefined;

  constructor(code: TransportError["code"], message: string, options?: {
    cause?: unknown;
    close?: CloseReason;
  }) {
    super(message, { cause: options?.cause });
    this.code = code;
    this.close = options?.close;
  }
}

/** The peer reset the stream, or stopped reading it. */
export class StreamError extends Error {
  override readonly name = "StreamError";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
