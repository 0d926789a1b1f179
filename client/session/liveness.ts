/**
 * Whether the server of a session still answers, and what to do when it does not: first to find out
 * whether it was restarted, then to come from another local address, then to give the connection up.
 */
import { type Clock, sleep } from "../../protocol/clock.ts";
import { type Connection, TransportError } from "../../protocol/transport/transport.ts";
import type { Log } from "../log.ts";

/**
 * Milliseconds that a `ping` or a message may go unanswered before the client connects to the server
 * once more; before it tries another local address; and after that, before it gives up.
 */
const CHECK_TIMEOUT = 2000;
const REBIND_TIMEOUT = 5000;
const GIVE_UP_TIMEOUT = 5000;
/** Milliseconds without a datagram after which a path may be dead. */
const SILENCE = 1000;

/** Another connection to the server of a session. */
export interface Spare {
  /** Keeps it for the next session. */
  use(): void;
  /** Closes it. */
  discard(): void;
}

/** Connects to the server once more. `undefined`: that failed, or was aborted. */
export type Reach = (signal: AbortSignal) => Promise<Spare | undefined>;

interface LivenessOptions {
  readonly connection: Pick<Connection, "closed" | "forgotten" | "rebind" | "silence">;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: it fails. */
  readonly reach?: Reach | undefined;
  readonly session: {
    /** Nothing is read meanwhile, so silence proves nothing. */
    isBusy(): boolean;
    /** Asks the server at once, unless it is checking a sign-in: then it reads nothing. */
    ping(): void;
    /** The connection is lost. */
    lose(code: string, message: string): void;
  };
}

export class Liveness {
  readonly #options: LivenessOptions;
  #cancelTimer: (() => void) | undefined;
  /** Aborted when the server answers; `undefined`: it is not being checked. */
  #checking: AbortController | undefined;
  #isStopped = false;

  constructor(options: LivenessOptions) {
    this.#options = options;
    void this.#watchForRestart();
  }

  /** The server was asked for something that it answers at once. */
  expectAnswer(): void {
    this.#cancelTimer ??= this.#after(CHECK_TIMEOUT, () => {
      void this.#check();
      this.#cancelTimer = this.#after(
        REBIND_TIMEOUT - CHECK_TIMEOUT,
        () => void this.#giveUpLater(),
      );
    });
  }

  /** The server sent something. */
  noteActivity(): void {
    this.#checking?.abort();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** The session has ended. */
  stop(): void {
    this.#isStopped = true;
    this.noteActivity();
  }

  async #watchForRestart(): Promise<void> {
    const { connection } = this.#options;
    const closed = connection.closed.then(() => true);
    const forgotten = () => connection.forgotten().then(() => false);
    while (!await Promise.race([forgotten(), closed]) && !this.#isStopped) await this.#check();
  }

  /**
   * Asks the server, and connects to it once more: a restarted one answers only the second. A server
   * that is slow to answer acknowledges what it receives, and keeps the session.
   */
  async #check(): Promise<void> {
    const { clock, connection, log, reach, session } = this.#options;
    if (this.#checking !== undefined || reach === undefined || this.#isStopped) return;
    const checking = this.#checking = new AbortController();
    const began = clock.now();
    session.ping();
    // If it was our address that changed, the old connection is heard again first.
    if ((connection.silence() ?? 0) >= SILENCE) void this.#rebind();
    const spare = await reach(checking.signal);
    // The answers to both were on their way at once, and may overtake each other.
    if (spare !== undefined) await sleep(clock, clock.now() - began, checking.signal);
    this.#checking = undefined;
    const isHeard = checking.signal.aborted || clock.now() - began >= (connection.silence() ?? 0);
    log("server_checked", { there: spare !== undefined, heard: isHeard });
    if (spare === undefined) return;
    if (isHeard || session.isBusy()) return spare.discard();
    spare.use();
    session.lose("forgotten", "The server has forgotten this connection.");
  }

  async #giveUpLater(): Promise<void> {
    const { session } = this.#options;
    this.#cancelTimer = this.#after(GIVE_UP_TIMEOUT, () => {
      this.#cancelTimer = undefined;
      if (!session.isBusy()) session.lose("silence", "The server does not answer.");
    });
    if (!session.isBusy() && !this.#isStopped) await this.#rebind();
  }

  /** Perhaps our address has changed (RFC 9000, section 9). */
  async #rebind(): Promise<void> {
    const { connection, log } = this.#options;
    try {
      await connection.rebind();
      log("rebind", { done: true });
    } catch (failure) {
      if (!(failure instanceof TransportError)) throw failure;
      log("rebind", { done: false, reason: failure.code });
    }
  }

  #after(ms: number, callback: () => void): () => void {
    return this.#options.clock.after(ms, callback);
  }
}
