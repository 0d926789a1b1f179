/**
 * One client's connection, from its first stream to its end: chunks are decoded, frames judged by the
 * session, and accepted ones pass the rate limit and go to their handler. It owns its closing: a
 * handler, a time limit or the drain asks the session, and the connection acts on the verdict.
 *
 * It knows no conversations and stores nothing. Frames of one stream are handled one after the
 * other; the next is read when the last has been handled.
 *
 * How long it waits for the client is bounded by the time limits of the session (`check`, called
 * about once a second), and by `TIMES.linger` for the last frame. `transfer_stream.ts` serves
 * transfer streams.
 */
import { type Clock, within } from "../protocol/clock.ts";
import { encodeFrame } from "../protocol/codec.ts";
import { FrameDecoder } from "../protocol/decoder.ts";
import { CLOSE_DONE, type ErrorCode, ProtocolError } from "../protocol/errors.ts";
import type { ServerFrame } from "../protocol/frame.ts";
import { LIMITS, TIMES } from "../protocol/limits.ts";
import { ServerSession, type Verdict } from "../protocol/session/server.ts";
import { networkOf } from "../protocol/transport/network_of.ts";
import {
  type Connection,
  type Stream,
  StreamError,
  TransportError,
} from "../protocol/transport/transport.ts";
import { dispatch, isTransfer, limitOf } from "./dispatch.ts";
import type { FrameRateLimiter, FrameRates } from "./frame_rates.ts";
import { describe, type Logger } from "./log.ts";
import { type Flusher, Outbox } from "./outbox.ts";
import type { Pacer } from "./pacer.ts";
import type { Identity, Peer } from "./peer.ts";
import type { Services } from "./services.ts";
import type { SignedInSession } from "./services/signed_in_session.ts";
import { TransferStream } from "./transfer_stream.ts";

/** What all connections share. */
export interface ConnectionOptions {
  readonly services: Services;
  readonly flusher: Flusher;
  readonly pacer: Pacer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rates: FrameRates;
  /** Bytes that may wait to be written to one session. */
  readonly outbox: number;
  /** The software, as `welcome` tells it. */
  readonly software: string;
}

type Close = Extract<Verdict, { type: "close" }>;

/** Frames of one session that are handled one after the other, before those of others. */
const FRAMES_PER_TURN = 8;
const RESYNC = encodeFrame({ type: "resync" });

export class PeerConnection implements Peer, SignedInSession {
  readonly address: string;
  readonly network: string;
  readonly #connection: Connection;
  readonly #options: ConnectionOptions;
  readonly #session: ServerSession;
  readonly #rateLimiter: FrameRateLimiter;
  #stream: Stream | undefined;
  #outbox: Outbox | undefined;
  #identity: Identity | undefined;
  readonly #gone = new AbortController();
  #closing: Promise<void> | undefined;
  /** Resolves when a message of this session has been answered. */
  #answered: PromiseWithResolvers<void> | undefined;

  constructor(connection: Connection, options: ConnectionOptions) {
    this.address = connection.remote.hostname;
    this.network = networkOf(this.address);
    this.#connection = connection;
    this.#options = options;
    this.#session = new ServerSession({ server: options.software }, options.clock.now());
    this.#rateLimiter = options.rates.open(this.address);
  }

  /** Serves the client; resolves when its connection has closed and nothing of it is kept. */
  async run(): Promise<void> {
    const streams: Promise<void>[] = [];
    for (let stream; (stream = await this.#connection.accept()) !== null;) {
      if (stream.id !== 0) void this.#serveTransfer(stream);
      else streams.push(this.#serveSession(stream));
    }
    const reason = await this.#connection.closed;
    this.#session.closed();
    this.#gone.abort();
    this.#outbox?.close();
    this.#answered?.resolve();
    await Promise.all(streams);
    if (this.#identity !== undefined) this.#options.services.sessions.remove(this);
    this.#rateLimiter[Symbol.dispose]();
    const { log } = this.#options;
    const level = this.#identity === undefined ? "debug" : "info";
    log[level]("closed", {
      peer: this.address,
      user: this.#identity?.account.name,
      kind: reason.kind,
      by: reason.by,
      code: reason.code,
      reason: reason.reason,
    });
  }

  /** Ends the session if one of its time limits has passed. */
  check(): void {
    const verdict = this.#session.handleTimeout(this.#options.clock.now());
    if (verdict?.type === "close") void this.#close(verdict);
  }

  /**
   * The server stops: no further frame is handled. Returns a function that sends the `bye`: call it
   * when the frames that come before it have been pushed.
   */
  drain(): () => Promise<void> {
    const verdict = this.#session.end("draining");
    return async () => {
      await (verdict.type === "close" ? this.#close(verdict) : this.#closing);
    };
  }

  // What handlers see (`Peer`).

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get session(): SignedInSession {
    if (this.#identity === undefined) throw new Error("The session has not signed in");
    return this;
  }

  get isSignedIn(): boolean {
    return this.#identity !== undefined;
  }

  send(frame: ServerFrame): void {
    this.push(encodeFrame(frame));
  }

  signIn(identity: Identity): boolean {
    if (!this.#session.loginSucceeded(this.#options.clock.now())) return false;
    this.#identity = identity;
    this.#rateLimiter.signedIn(identity.account.name);
    return true;
  }

  refuseSignIn(code: ErrorCode, message?: string): void {
    this.#act(this.#session.loginFailed(code, this.#options.clock.now(), message));
  }

  signOut(re: number): void {
    this.#act(this.#session.end("logout", re));
  }

  // What services see (`SignedInSession`).

  get account(): SignedInSession["account"] {
    if (this.#identity === undefined) throw new Error("The session has not signed in");
    return this.#identity.account;
  }

  get loginId(): string {
    if (this.#identity === undefined) throw new Error("The session has not signed in");
    return this.#identity.loginId;
  }

  push(frames: Uint8Array): void {
    this.#outbox?.push(frames);
  }

  answer(frame: Uint8Array): void {
    this.push(frame);
    this.#session.sendSettled();
    this.#answered?.resolve();
    this.#answered = undefined;
  }

  abort(code: ErrorCode): void {
    this.#act(this.#session.handleFault(new ProtocolError(code)));
  }

  // The session stream.

  async #serveSession(stream: Stream): Promise<void> {
    this.#stream = stream;
    this.#outbox = this.#makeOutbox(stream);
    try {
      await this.#readSession(stream);
    } catch (error) {
      this.#fail(error);
    }
  }

  #makeOutbox(stream: Stream): Outbox {
    const { clock, flusher, outbox: limit } = this.#options;
    return new Outbox(stream, flusher, {
      limit,
      resync: RESYNC,
      onWritten: () => this.#session.handleActivity(clock.now()),
      onFailed: () => this.#connection.close(CLOSE_DONE),
    });
  }

  async #readSession(stream: Stream): Promise<void> {
    const { clock, flusher } = this.#options;
    const decoder = new FrameDecoder();
    for (let chunk; (chunk = await stream.read()) !== null;) {
      this.#session.handleActivity(clock.now());
      let handled = 0;
      for (const body of decoder.push(chunk)) {
        await this.#handle(this.#session.handleBody(body, clock.now()));
        await this.#applyBackPressure();
        if (this.#closing !== undefined) return;
        // Others have their turn.
        if (++handled % FRAMES_PER_TURN === 0) await flusher.flushed();
      }
    }
    decoder.end();
    this.#act(this.#session.handleEnd());
  }

  async #handle(verdict: Verdict): Promise<void> {
    if (verdict.type === "ignore") return;
    await this.#rateLimiter.wait(limitOf(verdict.type === "accept" ? verdict.frame : undefined));
    if (verdict.type !== "accept") return this.#act(verdict);
    const { frame } = verdict;
    if (isTransfer(frame) || frame.type === "chunk") {
      throw new Error(`Cannot answer ${frame.type} on the session stream`);
    }
    await dispatch(frame.type, frame, this, this.#options.services);
  }

  /** Stops reading while the client does not read, or while too many of its messages are unanswered. */
  async #applyBackPressure(): Promise<void> {
    if (this.#outbox?.overflowed) await this.#outbox.accepting();
    while (this.#session.sending >= LIMITS.requests && this.#closing === undefined) {
      this.#answered = Promise.withResolvers();
      await this.#answered.promise;
    }
  }

  // Transfer streams.

  async #serveTransfer(stream: Stream): Promise<void> {
    const { services, pacer, clock } = this.#options;
    const session = this.#session;
    const rateLimiter = this.#rateLimiter;
    const options = { peer: this, session, rateLimiter, services, pacer, clock };
    const transfer = new TransferStream(stream, options);
    try {
      const verdict = await transfer.serve();
      if (verdict !== undefined) this.#act(verdict);
    } catch (error) {
      // The client has reset the stream: it wants no more of the answer.
      if (error instanceof StreamError) return;
      if (error instanceof TransportError || error instanceof ProtocolError) this.#fail(error);
      // A fault of the server's (its disk, for example) costs this stream only; it was reset.
      else this.#report(error);
    }
  }

  // The end.

  /** Carries out a verdict; accepted frames are handled elsewhere. */
  #act(verdict: Verdict): void {
    switch (verdict.type) {
      case "answer":
      case "refuse":
        return this.send(verdict.frame);
      case "close":
        return void this.#close(verdict);
      case "accept":
      case "ignore":
        return;
    }
  }

  /** A client's fault becomes a verdict, the end of its connection is no fault, the rest is ours. */
  #fail(error: unknown): void {
    if (error instanceof StreamError) return this.#connection.close(CLOSE_DONE);
    if (error instanceof TransportError) return;
    if (error instanceof ProtocolError) return this.#act(this.#session.handleFault(error));
    this.#report(error);
    this.abort("internal");
  }

  /** Logs a fault of the server's own. */
  #report(error: unknown): void {
    this.#options.log.error("internal", { peer: this.address, error: describe(error) });
  }

  /** Writes the last frame, ends the stream, and gives the client time to read both. */
  #close(verdict: Close): Promise<void> {
    this.#gone.abort();
    this.#closing ??= this.#finish(verdict);
    this.#answered?.resolve();
    return this.#closing;
  }

  async #finish({ frame, code }: Close): Promise<void> {
    const { clock } = this.#options;
    if (this.#stream !== undefined && this.#outbox !== undefined) {
      this.send(frame);
      await within(clock, TIMES.linger, this.#outbox.drained());
      this.#outbox.close();
      void this.#stream.end();
      await within(clock, TIMES.linger, this.#connection.closed);
    }
    this.#connection.close(code, frame.code);
    await this.#connection.closed;
  }
}
