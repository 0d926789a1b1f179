/**
 * The server's end of one session: which frames a client may send now, how many offences it may
 * commit, and how long it may take. It has no I/O, reads no clock and knows no accounts: the caller
 * drives it.
 *
 * What to call, and when:
 *
 * 1. `new ServerSession(options, now)` when a connection has been accepted.
 * 2. `handleActivity(now)` for every chunk that was read, then for every body that the stream's
 *    `FrameDecoder` yields, in order: `handleBody` (session stream) or `handleTransferBody`
 *    (a transfer stream). What the decoder throws goes to `handleFault`; the session stream's FIN,
 *    after `FrameDecoder.end`, to `handleEnd`.
 * 3. Do what the `Verdict` says. For an accepted frame call exactly one of
 *    `login`, `resume`: `loginSucceeded` before `authenticated` is written, or `loginFailed`;
 *    `send`: `sendSettled`, when its `ack` or `error` is written;
 *    `logout`: `end`.
 * 4. `end` to end the session in good order; `handleFault(new ProtocolError(code))` with a
 *    fatal code to end it otherwise (`internal`, `session_revoked`).
 * 5. After any of these: `deadline()` is when to call `handleTimeout`.
 * 6. `closed()` once the connection has gone.
 */
import { parseClientFrame } from "../codec.ts";
import { CLOSE_DONE, closeCodeOf, type ErrorCode, ProtocolError } from "../errors.ts";
import type { ClientFrame, ClientFrames, ServerFrames } from "../frame.ts";
import { LOGIN_ATTEMPTS, OFFENCES, TIMES } from "../limits.ts";
import { chooseVersion, commonFeatures, FEATURES, VERSIONS } from "../version.ts";
import { clientMaySend, type StreamKind } from "./rules.ts";
import { type State, StateMachine } from "./states.ts";

/** The frames that the session does not answer itself. */
export type AcceptedFrame = Exclude<ClientFrame, ClientFrames["hello"] | ClientFrames["ping"]>;

export type Verdict =
  /** Handle the frame. */
  | { readonly type: "accept"; readonly frame: AcceptedFrame }
  /** Write the frame to the stream that was read, and do nothing else. */
  | { readonly type: "answer"; readonly frame: ServerFrames["welcome" | "pong"] }
  /** The same: the frame was refused, and the session goes on. */
  | { readonly type: "refuse"; readonly frame: ServerFrames["error"] }
  /**
   * Read no more. Write the frame, end the session stream, and close the connection with `code`
   * when the client has had time to read (`TIMES.linger`).
   */
  | {
    readonly type: "close";
    readonly frame: ServerFrames["error" | "bye"];
    readonly code: number;
  }
  /** The session has ended: ignore the frame. */
  | { readonly type: "ignore" };

/** Errors that do not count as an attempt to sign in, and do not restart its time limit. */
const NO_ATTEMPT: ReadonlySet<ErrorCode> = new Set(["bad_token", "busy", "rate_limited"]);

const IGNORE: Verdict = { type: "ignore" };

interface ServerSessionOptions {
  /** The software, as `welcome` tells it. */
  readonly server: string;
  readonly versions?: readonly number[];
  readonly features?: readonly string[];
}

export class ServerSession {
  readonly #machine = new StateMachine();
  readonly #server: string;
  readonly #versions: readonly number[];
  readonly #features: readonly string[];
  #version: number | undefined;
  #heard: number;
  /** When the time limit of the state began: for `hello`, or for an attempt to sign in. */
  #since: number;
  #attempts: number = LOGIN_ATTEMPTS;
  /** The `id` of the `login` or `resume` that is being checked, and when it came. */
  #signingIn: number | undefined;
  #askedAt = 0;
  #sending = 0;
  #offences = 0;

  constructor(options: ServerSessionOptions, now: number) {
    this.#server = options.server;
    this.#versions = options.versions ?? VERSIONS;
    this.#features = options.features ?? FEATURES;
    this.#heard = now;
    this.#since = now;
    this.#machine.fire("open");
  }

  get state(): State {
    return this.#machine.state;
  }

  /** The version that was agreed. */
  get version(): number | undefined {
    return this.#version;
  }

  /** Messages that were accepted and await `sendSettled`; at `LIMITS.requests`, stop reading. */
  get sending(): number {
    return this.#sending;
  }

  /** The client sent bytes, or took bytes of ours. */
  handleActivity(now: number): void {
    this.#heard = now;
  }

  /** A whole frame from the session stream. Never throws for what a peer sends. */
  handleBody(body: Uint8Array, now: number): Verdict {
    return this.#handle(body, now, "session");
  }

  /** A whole frame from a further stream: accepted, the request that this stream is for. */
  handleTransferBody(body: Uint8Array, now: number): Verdict {
    return this.#handle(body, now, "transfer");
  }

  /** A frame that has been parsed already. */
  handleFrame(frame: ClientFrame, now: number, stream: StreamKind = "session"): Verdict {
    if (this.#hasEnded()) return IGNORE;
    this.#heard = now;
    if (!clientMaySend(frame.type, this.state, stream)) return this.#badState(frame, stream);
    switch (frame.type) {
      case "hello":
        return this.#agreeOnVersion(frame, now);
      case "ping":
        return { type: "answer", frame: { type: "pong", re: frame.id } };
      case "login":
      case "resume":
        if (this.#signingIn !== undefined) return this.#badState(frame, stream);
        this.#signingIn = frame.id;
        this.#askedAt = now;
        break;
      case "send":
        this.#machine.fire("send");
        this.#sending++;
        break;
      default:
        break;
    }
    return { type: "accept", frame };
  }

  /** A fault of the peer, or a fatal error of ours. Those that are not fatal count as offences. */
  handleFault(fault: ProtocolError): Verdict {
    if (this.#hasEnded()) return IGNORE;
    this.#machine.fire("fault");
    if (fault.fatal) return this.#giveUp(fault);
    if (++this.#offences > OFFENCES) {
      return this.#giveUp(new ProtocolError("too_many_offences", undefined, { re: fault.re }));
    }
    this.#machine.fire("recover");
    return { type: "refuse", frame: errorFrame(fault) };
  }

  /** The client has ended the session stream, between two frames. */
  handleEnd(): Verdict {
    return this.end("done");
  }

  /** The sign-in succeeded. `false`: the session has ended meanwhile; send nothing. */
  loginSucceeded(now: number): boolean {
    this.#signInChecked(now);
    if (this.#hasEnded()) return false;
    this.#machine.fire("sign_in");
    return true;
  }

  /** The sign-in failed: what to tell the client, and whether it may try again. */
  loginFailed(code: ErrorCode, now: number, message?: string): Verdict {
    const re = this.#signingIn;
    this.#signInChecked(now);
    if (this.#hasEnded()) return IGNORE;
    const fault = new ProtocolError(code, message, { re });
    if (fault.fatal || code === "bad_token") return this.handleFault(fault);
    this.#machine.fire("fault");
    if (!NO_ATTEMPT.has(code)) {
      this.#since = now;
      if (--this.#attempts === 0) {
        return this.#giveUp(new ProtocolError("too_many_attempts", undefined, { re }));
      }
    }
    this.#machine.fire("recover");
    return { type: "refuse", frame: { ...errorFrame(fault), attempts: this.#attempts } };
  }

  /** The `ack` or `error` of an accepted `send` is being written. */
  sendSettled(): void {
    if (this.#sending === 0) throw new Error("Cannot settle: no message awaits its ack");
    this.#sending--;
    if (this.#sending === 0 && this.#machine.can("settle")) this.#machine.fire("settle");
  }

  /** Ends the session in good order: after `logout`, when the client is done, or for a drain. */
  end(reason: keyof typeof FAREWELLS, re?: number): Verdict {
    if (this.#hasEnded()) return IGNORE;
    this.#machine.fire("leave");
    const { code, message } = FAREWELLS[reason];
    const frame = { type: "bye", code: reason, message } as const;
    return { type: "close", frame: re === undefined ? frame : { ...frame, re }, code };
  }

  /** The connection has gone. */
  closed(): void {
    if (this.#machine.can("close")) this.#machine.fire("close");
  }

  /** When `handleTimeout` is due; `undefined` once the session has ended. */
  deadline(): number | undefined {
    if (this.#hasEnded()) return undefined;
    const silence = this.#signingIn === undefined ? this.#heard + TIMES.silence : Infinity;
    return Math.min(silence, this.#timeLimit()?.until ?? Infinity);
  }

  /** A verdict only when a time limit has passed. */
  handleTimeout(now: number): Verdict | undefined {
    if (this.#hasEnded()) return undefined;
    const limit = this.#timeLimit();
    if (limit && now >= limit.until) {
      return this.handleFault(new ProtocolError(limit.code));
    }
    if (this.#signingIn !== undefined || now < this.#heard + TIMES.silence) return undefined;
    return this.handleFault(new ProtocolError("silence"));
  }

  /** Nothing is read while a sign-in is checked: the silence begins after it, and no time passes. */
  #signInChecked(now: number): void {
    this.#signingIn = undefined;
    this.#heard = now;
    this.#since += now - this.#askedAt;
  }

  /** What the client must do in this state, and by when. */
  #timeLimit(): { until: number; code: ErrorCode } | undefined {
    if (this.state === "CONNECTING") {
      return { until: this.#since + TIMES.hello, code: "hello_timeout" };
    }
    // While a password is being checked, the client waits for the server.
    if (this.state === "CONNECTED" && this.#signingIn === undefined) {
      return { until: this.#since + TIMES.login, code: "login_timeout" };
    }
    return undefined;
  }

  #handle(body: Uint8Array, now: number, stream: StreamKind): Verdict {
    if (this.#hasEnded()) return IGNORE;
    this.#heard = now;
    let frame: ClientFrame;
    try {
      frame = parseClientFrame(body);
    } catch (fault) {
      if (fault instanceof ProtocolError) return this.handleFault(fault);
      throw fault;
    }
    return this.handleFrame(frame, now, stream);
  }

  #agreeOnVersion(hello: ClientFrames["hello"], now: number): Verdict {
    try {
      this.#version = chooseVersion(this.#versions, hello.versions);
    } catch (fault) {
      if (!(fault instanceof ProtocolError)) throw fault;
      this.#machine.fire("fault");
      const verdict = this.#giveUp(new ProtocolError(fault.code, fault.message, { re: hello.id }));
      return { ...verdict, frame: { ...verdict.frame, versions: [...this.#versions] } };
    }
    this.#machine.fire("agree");
    this.#since = now;
    return {
      type: "answer",
      frame: {
        type: "welcome",
        re: hello.id,
        version: this.#version,
        features: commonFeatures(this.#features, hello.features),
        server: this.#server,
      },
    };
  }

  #badState(frame: ClientFrame, stream: StreamKind): Verdict {
    const where = stream === "session" ? "the session stream" : "a transfer stream";
    const message = `A ${frame.type} frame is not allowed on ${where} in state ${this.state}.`;
    const re = "id" in frame ? frame.id : undefined;
    return this.handleFault(new ProtocolError("bad_state", message, { re }));
  }

  #giveUp(fault: ProtocolError): Verdict & { type: "close"; frame: ServerFrames["error"] } {
    this.#machine.fire("give_up");
    const code = closeCodeOf(fault.code);
    if (code === undefined) throw new Error(`Cannot close: ${fault.code} has no close code`);
    return { type: "close", frame: errorFrame(fault), code };
  }

  #hasEnded(): boolean {
    return this.state === "DISCONNECTING" || this.state === "DISCONNECTED";
  }
}

/** How a session ends in good order: the `code` of its `bye`, what that says, the close code. */
const FAREWELLS = {
  logout: { code: CLOSE_DONE, message: "You have signed out." },
  done: { code: CLOSE_DONE, message: "You have finished." },
  draining: { code: closeCodeOf("draining") ?? CLOSE_DONE, message: "The server is going down." },
} as const;

function errorFrame(fault: ProtocolError): ServerFrames["error"] {
  const frame = { type: "error", code: fault.code, message: fault.message } as const;
  return fault.re === undefined ? frame : { ...frame, re: fault.re };
}
