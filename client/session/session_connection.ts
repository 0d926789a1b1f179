/**
 * One session with the server on one connection: frames in and out, keep-alive, time limits. It
 * ends once, says why, and is not used again; `ReconnectingSession` makes the next one.
 *
 * `frames()` is read one frame at a time. A slow reader slows the server down instead of filling
 * memory here.
 */
import { type Clock, within } from "../../protocol/clock.ts";
import { encodeFrame } from "../../protocol/codec.ts";
import { concat } from "../../protocol/concat.ts";
import { FrameDecoder } from "../../protocol/decoder.ts";
import { CLOSE_DONE, errorOfClose, ProtocolError } from "../../protocol/errors.ts";
import type { ClientFrame, ClientFrames, Message, ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import {
  type ClientOutput,
  ClientSession,
  type DownloadFields,
  type QueryFields,
  type RequestFields,
  type UploadFields,
} from "../../protocol/session/client.ts";
import type { ClientDownload } from "../../protocol/session/download.ts";
import type { TransferType } from "../../protocol/session/rules.ts";
import type { ClientUpload } from "../../protocol/session/upload.ts";
import {
  type CloseReason,
  type Connection,
  type Stream,
  StreamError,
  TransportError,
} from "../../protocol/transport/transport.ts";
import { Condition } from "../condition.ts";
import type { Log } from "../log.ts";
import { Liveness, type Reach } from "./liveness.ts";
import { notConnected } from "./refused_error.ts";
import { type Answer, PendingRequests, type Requester } from "./requests.ts";
import { openStream, TransferStream } from "./transfer_stream.ts";

/** Milliseconds until the time limits are looked at again while the reader is busy. */
const BUSY_INTERVAL = 5000;
/** Milliseconds to wait for the server to read the last frames when leaving. */
const LEAVE_TIMEOUT = 1000;
/** The answers to `hello` and to a sign-in change when the next `ping` is due. */
const TIMED: ReadonlySet<string> = new Set(["welcome", "authenticated", "error"]);
/** Bytes that wait to be written. `SendQueue` bounds what is sent long before. */
const MAX_UNWRITTEN = 8 * LIMITS.outbox;

/** Why a session ended. */
export interface SessionEnd {
  readonly by: "server" | "client" | "network";
  /** The code of an error or a `bye`; `lost` when the network gave no other reason. */
  readonly code: string;
  /** May be the server's: not trusted. */
  readonly message: string;
}

/** What a session brings. */
type SessionOutput =
  | { readonly type: "frame"; readonly frame: ServerFrame }
  | { readonly type: "round_trip"; readonly milliseconds: number };

interface SessionConnectionOptions {
  readonly connection: Connection;
  /** The software, as `hello` names it. */
  readonly client: string;
  readonly clock: Clock;
  readonly log?: Log | undefined;
  readonly reach?: Reach | undefined;
}

/** A page of history did not come, or not all of it. */
export class HistoryError extends Error {
  override readonly name = "HistoryError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Whether a page failed because the server refused, or the stream or the connection broke. */
export function isBreak(failure: unknown): boolean {
  return failure instanceof HistoryError || failure instanceof StreamError ||
    failure instanceof TransportError || failure instanceof ProtocolError;
}

export class SessionConnection implements Requester {
  /** Settles once the connection is closed and every frame is read. Never rejects. */
  readonly closed: Promise<SessionEnd>;
  readonly #connection: Connection;
  readonly #stream: Stream;
  readonly #session: ClientSession;
  readonly #requests = new PendingRequests();
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #liveness: Liveness;
  readonly #helloAt: number;
  readonly #read = Promise.withResolvers<void>();
  #end: SessionEnd | undefined;
  #unwritten: Uint8Array[] = [];
  #unwrittenBytes = 0;
  #writing: Promise<void> | undefined;
  /** The reader is busy with a frame. */
  #delivering = false;
  readonly #frameDone = new Condition();
  #cancelTimer: (() => void) | undefined;

  /** Sends `hello` on a new connection; `frames()` brings `welcome`. Throws `TransportError`. */
  static async open(options: SessionConnectionOptions): Promise<SessionConnection> {
    return new SessionConnection(await openStream(options), options);
  }

  private constructor(stream: Stream, options: SessionConnectionOptions) {
    this.#connection = options.connection;
    this.#stream = stream;
    this.#clock = options.clock;
    this.#log = options.log ?? (() => {});
    this.#helloAt = this.#clock.now();
    this.#session = new ClientSession({ client: options.client }, this.#helloAt);
    this.#write(this.#session.hello(this.#helloAt));
    this.#startTimer();
    this.closed = this.#untilClosed();
    this.#liveness = new Liveness({
      ...options,
      log: this.#log,
      session: {
        isBusy: () => this.#delivering,
        ping: () => this.#ping(),
        lose: (code, message) => this.#close({ by: "network", code, message }, CLOSE_DONE),
      },
    });
  }

  /**
   * What the server says, until the session has ended. It MUST be read to its end, by one reader.
   * Errors that answer a request are not among it: they reject the request's promise.
   */
  async *frames(): AsyncGenerator<SessionOutput, void, undefined> {
    const decoder = new FrameDecoder();
    try {
      for (let chunk; (chunk = await this.#stream.read()) !== null;) {
        this.#noteActivity();
        for (const body of decoder.push(chunk)) {
          yield* this.#handle(this.#session.handleBody(body, this.#clock.now()));
        }
      }
      decoder.end();
      yield* this.#handle(this.#session.handleEnd());
    } catch (failure) {
      this.#readingFailed(failure);
    } finally {
      this.#read.resolve();
    }
  }

  /** Resolves when no request waits for its answer, and the reader has every answer. */
  async answered(): Promise<void> {
    while (this.#end === undefined && (this.#delivering || this.#session.pending.length > 0)) {
      await Promise.race([this.#frameDone.wait(), this.closed]);
    }
  }

  allows(type: keyof ClientFrames): boolean {
    return this.#end === undefined && this.#session.allows(type);
  }

  request<Given extends RequestFields>(fields: Given): Promise<Answer<Given["type"]>> {
    if (!this.allows(fields.type)) return Promise.reject(notConnected());
    const frame = this.#session.request<RequestFields>(fields, this.#clock.now());
    const answer = this.#requests.wait<Given["type"]>(frame.id);
    this.#write(frame);
    // A message without an acknowledgement is often the first sign of a dead path.
    if (fields.type === "send") this.#liveness.expectAnswer();
    return answer;
  }

  /** Sends a frame that has no answer. Throws where `allows` says no. */
  tell(frame: ClientFrames["mark"]): void {
    this.#write(this.#session.notify(frame));
  }

  /**
   * Fetches stored messages on a stream of their own; returns whether there are more. Throws
   * `HistoryError`, or what the stream throws.
   */
  async *messages(fields: QueryFields): AsyncGenerator<Message, boolean, undefined> {
    const [transfer, opened] = await this.#openTransfer(
      fields.type,
      () => this.#session.query(fields, this.#clock.now()),
    );
    await using stream = opened;
    await stream.write(transfer.request);
    await stream.end();
    for await (const body of stream.bodies()) {
      const now = this.#clock.now();
      const taken = transfer.handleBody(body, now);
      const output = taken.type === "ignore" ? transfer.handleTimeout(now) ?? taken : taken;
      if (output.type === "message") yield output.message;
      else if (output.type === "end") return output.more;
      else if (output.type === "failed") throw new HistoryError(output.code, output.message);
    }
    throw new HistoryError("frame_truncated", "The answer ended too early.");
  }

  /** Opens a stream for an upload, with its state machine. Throws what streams throw. */
  upload(fields: UploadFields): Promise<[ClientUpload, TransferStream]> {
    return this.#openTransfer("upload", () => this.#session.upload(fields, this.#clock.now()));
  }

  /** The same for a download of a file of `size` bytes. */
  download(fields: DownloadFields, size: number): Promise<[ClientDownload, TransferStream]> {
    return this.#openTransfer(
      "download",
      () => this.#session.download(fields, size, this.#clock.now()),
    );
  }

  /** Ends the session in good order: the server reads first what was sent. */
  async leave(): Promise<void> {
    if (this.#end === undefined) {
      this.#end = { by: "client", code: "done", message: "Left." };
      const lastFrames = async () => {
        await this.#writing;
        this.#session.leave();
        await this.#stream.end();
        await this.#read.promise;
      };
      await within(this.#clock, LEAVE_TIMEOUT, lastFrames());
      this.#connection.close(CLOSE_DONE);
    }
    await this.closed;
  }

  /** `begin` makes the state machine, and is not called if the session ends meanwhile. */
  async #openTransfer<Transfer>(
    type: TransferType,
    begin: () => Transfer,
  ): Promise<[Transfer, TransferStream]> {
    const stream = await TransferStream.open({
      connection: this.#connection,
      clock: this.#clock,
      heard: () => this.#noteActivity(),
    });
    if (this.allows(type)) return [begin(), stream];
    await stream[Symbol.asyncDispose]();
    throw new TransportError("closed", "The session has ended.");
  }

  *#handle(output: ClientOutput): Generator<SessionOutput, void, undefined> {
    switch (output.type) {
      case "answer":
      case "push":
        return yield* this.#deliver(output);
      case "pong":
        this.#log("round_trip", { ms: output.rtt });
        return yield { type: "round_trip", milliseconds: output.rtt };
      case "write":
      case "close":
        return this.#act(output);
      case "ignore":
        return;
    }
  }

  *#deliver(
    output: Extract<ClientOutput, { type: "answer" | "push" }>,
  ): Generator<SessionOutput, void, undefined> {
    const { frame } = output;
    const roundTrip = this.#clock.now() - this.#helloAt;
    if (frame.type === "resync") this.#requests.abandon();
    // Before the reader has the frame: it may be slow, and the request need not wait for it.
    if (output.type === "answer") this.#requests.answer(output.request.id, frame);
    if (output.type === "push" || frame.type !== "error") {
      this.#delivering = true;
      yield { type: "frame", frame };
      this.#delivering = false;
    }
    if (frame.type === "welcome") {
      // The first `ping` comes later.
      yield { type: "round_trip", milliseconds: roundTrip };
    }
    // The next `ping` may be due sooner than before.
    if (TIMED.has(frame.type)) this.#startTimer();
    this.#frameDone.notify();
  }

  /** Does what needs no reader. */
  #act(output: ClientOutput): void {
    if (output.type === "write") {
      this.#write(output.frame);
      this.#liveness.expectAnswer();
    } else if (output.type === "close") {
      const { by, code, message } = output;
      this.#close({ by, code, message }, output.close);
    }
  }

  #ping(): void {
    const ping = this.#session.ping(this.#clock.now());
    if (ping !== undefined) this.#write(ping);
  }

  #noteActivity(): void {
    this.#session.handleActivity(this.#clock.now());
    this.#liveness.noteActivity();
  }

  #readingFailed(failure: unknown): void {
    if (failure instanceof ProtocolError) {
      return this.#act(this.#session.handleFault(failure, this.#clock.now()));
    }
    // A reset ends a session as a close does; the connection may know why.
    this.#connection.close(CLOSE_DONE);
    if (!(failure instanceof StreamError || failure instanceof TransportError)) throw failure;
  }

  #startTimer(): void {
    this.#cancelTimer?.();
    const deadline = this.#session.deadline();
    if (deadline === undefined || this.#end !== undefined) return;
    // While the reader is busy, answers may wait behind its frame: look again later.
    const wait = Math.max(deadline - this.#clock.now(), this.#delivering ? BUSY_INTERVAL : 0);
    this.#cancelTimer = this.#clock.after(wait, () => {
      if (!this.#delivering) {
        const output = this.#session.handleTimeout(this.#clock.now());
        if (output !== undefined) this.#act(output);
      }
      this.#startTimer();
    });
  }

  #write(frame: ClientFrame): void {
    const bytes = encodeFrame(frame);
    if (this.#unwrittenBytes + bytes.length > MAX_UNWRITTEN) {
      const message = "The server does not read what is sent.";
      return this.#close({ by: "network", code: "silence", message }, CLOSE_DONE);
    }
    this.#unwritten.push(bytes);
    this.#unwrittenBytes += bytes.length;
    this.#writing ??= this.#flush();
  }

  /** Writes what is there; all frames of one turn of the event loop go in one write. */
  async #flush(): Promise<void> {
    await Promise.resolve();
    try {
      while (this.#unwritten.length > 0) {
        const chunks = this.#unwritten;
        this.#unwritten = [];
        this.#unwrittenBytes = 0;
        await this.#stream.write(concat(chunks));
      }
    } catch {
      // Reading fails too, and says why.
      this.#unwritten = [];
      this.#unwrittenBytes = 0;
    }
    this.#writing = undefined;
  }

  #close(end: SessionEnd, code: number): void {
    this.#end ??= end;
    this.#session.leave();
    this.#connection.close(code);
  }

  async #untilClosed(): Promise<SessionEnd> {
    const reason = await this.#connection.closed;
    await this.#read.promise;
    this.#session.closed();
    this.#requests.abandon();
    this.#cancelTimer?.();
    this.#liveness.stop();
    return this.#end ??= endOf(reason);
  }
}

function endOf({ kind, code, reason, by }: CloseReason): SessionEnd {
  if (kind === "application" && by === "peer") {
    const message = reason === "" ? "The server closed the connection." : reason;
    return { by: "server", code: errorOfClose(code) ?? "closed", message };
  }
  return { by: "network", code: "lost", message: "The connection was lost." };
}
