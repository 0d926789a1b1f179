/**
 * One session with the server, on one connection: frames in and out, keep-alive, time limits. It
 * ends once, says why, and is not used again; coming back is for `line.ts`.
 *
 * What comes is handed to `receive` one frame at a time, and the next is read when it is done: that
 * is how a slow reader slows the server down instead of filling memory here.
 */
import { type Clock, within } from "../../protocol/clock.ts";
import { encodeFrame } from "../../protocol/codec.ts";
import { concat } from "../../protocol/concat.ts";
import { FrameDecoder } from "../../protocol/decoder.ts";
import { CLOSE_DONE, errorOfClose, ProtocolError } from "../../protocol/errors.ts";
import type { ClientFrame, ClientFrames, Message, ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { ClientSession, type Fields, type Request } from "../../protocol/session/client.ts";
import type {
  ClientOutput,
  DownloadFields,
  TransferFields,
  UploadFields,
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
import type { Log } from "../log.ts";
import { TransferStream } from "./transfer_stream.ts";

/**
 * How long a `ping` or a message may go unanswered before the path is doubted, and once more before
 * it is given up.
 */
const PATIENCE = 5000;
/** How long the last frames may take to be read when leaving. */
const FAREWELL = 1000;
/** Bytes that wait to be written; what is sent is bounded long before (`outgoing.ts`). */
const MOST_UNWRITTEN = 8 * LIMITS.outbox;

/** Why a session ended. */
export interface SessionEnd {
  readonly by: "server" | "client" | "network";
  /** Of an error or a `bye`; `lost` when the network is all that can be named. */
  readonly code: string;
  /** May be the server's: not trusted. */
  readonly message: string;
}

export interface SessionConnectionOptions {
  readonly connection: Connection;
  /** The software, as `hello` tells it. */
  readonly client: string;
  readonly clock: Clock;
  /** Takes each frame, with the request that it answers. */
  readonly receive: (frame: ServerFrame, request: Request | undefined) => void | Promise<void>;
  /** Told of each round trip that was measured. */
  readonly measured?: (milliseconds: number) => void;
  readonly log?: Log | undefined;
}

/** Messages from before were not given, or not all of them. */
export class HistoryError extends Error {
  override readonly name = "HistoryError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export class SessionConnection {
  /** Settles once, when everything that the session held has been let go of. Never rejects. */
  readonly closed: Promise<SessionEnd>;
  readonly #connection: Connection;
  readonly #stream: Stream;
  readonly #session: ClientSession;
  readonly #clock: Clock;
  readonly #receive: SessionConnectionOptions["receive"];
  readonly #measured: (milliseconds: number) => void;
  readonly #log: Log;
  readonly #reading: Promise<void>;
  #end: SessionEnd | undefined;
  #unwritten: Uint8Array[] = [];
  #unwrittenBytes = 0;
  #writing: Promise<void> | undefined;
  #receiving = false;
  #settled: PromiseWithResolvers<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  /** When `hello` was said. */
  readonly #greeted: number;
  /** The wait for a sign of life after a `ping`. */
  #cancelDoubt: (() => void) | undefined;

  /** Says `hello` on a connection that was just made; `welcome` comes to `receive`. */
  static async open(options: SessionConnectionOptions): Promise<SessionConnection> {
    return new SessionConnection(await options.connection.openStream(), options);
  }

  private constructor(stream: Stream, options: SessionConnectionOptions) {
    this.#connection = options.connection;
    this.#stream = stream;
    this.#clock = options.clock;
    this.#receive = options.receive;
    this.#measured = options.measured ?? (() => {});
    this.#log = options.log ?? (() => {});
    this.#greeted = this.#clock.now();
    this.#session = new ClientSession({ client: options.client }, this.#greeted);
    this.#write(this.#session.hello(this.#greeted));
    this.#arm();
    this.#reading = this.#read();
    this.closed = this.#untilClosed();
  }

  /** Resolves when every request has been answered, or will never be. */
  async answered(): Promise<void> {
    while (this.#session.pending.length > 0 && this.#end === undefined) {
      this.#settled ??= Promise.withResolvers();
      await Promise.race([this.#settled.promise, this.closed]);
    }
  }

  /** Whether a frame of this type may be sent now. */
  allows(type: keyof ClientFrames): boolean {
    return this.#end === undefined && this.#session.allows(type);
  }

  /**
   * Sends a request; returns its ID. Its answer comes to `receive`. Throws where `allows` says no.
   */
  request(fields: Fields): number {
    const frame = this.#session.request(fields, this.#clock.now());
    this.#write(frame);
    // A message that nobody acknowledges is often the first sign that the server has gone.
    if (fields.type === "send") this.#doubt();
    return frame.id;
  }

  /** Sends a frame that has no answer. Throws where `allows` says no. */
  tell(frame: ClientFrames["mark"]): void {
    this.#write(this.#session.tell(frame));
  }

  /**
   * Messages from before, on a stream of their own; returns whether there are more. Throws
   * `HistoryError`, or what the stream throws.
   */
  async *messages(fields: TransferFields): AsyncGenerator<Message, boolean, undefined> {
    await using stream = await this.#openTransfer(fields.type);
    const transfer = this.#session.transfer(fields, this.#clock.now());
    await stream.write(transfer.request);
    await stream.end();
    for await (const body of stream.bodies()) {
      const output = transfer.handleBody(body, this.#clock.now());
      if (output.type === "message") yield output.message;
      else if (output.type === "end") return output.more;
      else if (output.type === "failed") throw new HistoryError(output.code, output.message);
    }
    throw new HistoryError("frame_truncated", "The answer ended too early.");
  }

  /** A stream for a file that goes to the server, and what drives it. Throws what streams throw. */
  async upload(fields: UploadFields): Promise<[ClientUpload, TransferStream]> {
    const stream = await this.#openTransfer("upload");
    return [this.#session.upload(fields, this.#clock.now()), stream];
  }

  /** The same for a file of `size` bytes that comes from there. */
  async download(fields: DownloadFields, size: number): Promise<[ClientDownload, TransferStream]> {
    const stream = await this.#openTransfer("download");
    return [this.#session.download(fields, size, this.#clock.now()), stream];
  }

  /** Ends the session in good order: what was sent is read first. */
  async leave(): Promise<void> {
    if (this.#end === undefined) {
      this.#end = { by: "client", code: "done", message: "Left." };
      const farewell = async () => {
        await this.#writing;
        this.#session.leave();
        await this.#stream.end();
        await this.#reading;
      };
      await within(this.#clock, FAREWELL, farewell()); // The connection may break first.
      this.#connection.close(CLOSE_DONE);
    }
    await this.closed;
  }

  /** Ends it at once, because of what this client found. */
  abort(code: string, message: string): void {
    this.#finish({ by: "client", code, message }, CLOSE_DONE);
  }

  async #openTransfer(type: TransferType): Promise<TransferStream> {
    const stream = await TransferStream.open({
      connection: this.#connection,
      clock: this.#clock,
      heard: () => this.#heard(),
    });
    if (this.allows(type)) return stream;
    await stream[Symbol.asyncDispose]();
    throw new TransportError("closed", "The session has ended.");
  }

  async #read(): Promise<void> {
    const decoder = new FrameDecoder();
    try {
      while (true) {
        const chunk = await this.#stream.read();
        if (chunk === null) {
          decoder.end();
          return await this.#do(this.#session.handleEnd());
        }
        this.#heard();
        for (const body of decoder.push(chunk)) {
          await this.#do(this.#session.handleBody(body, this.#clock.now()));
        }
      }
    } catch (failure) {
      if (failure instanceof ProtocolError) {
        await this.#do(this.#session.handleFault(failure, this.#clock.now()));
      } else {
        // A reset ends a session as a close does; why, is told by the connection if by anything.
        this.#connection.close(CLOSE_DONE);
        if (!(failure instanceof StreamError || failure instanceof TransportError)) throw failure;
      }
    }
  }

  async #do(output: ClientOutput): Promise<void> {
    switch (output.type) {
      case "answer":
      case "push": {
        const waited = this.#clock.now() - this.#greeted;
        this.#receiving = true;
        try {
          await this.#receive(output.frame, output.type === "answer" ? output.request : undefined);
        } finally {
          this.#receiving = false;
        }
        if (output.frame.type === "welcome") {
          this.#measured(waited); // The first `ping` is for later.
          this.#arm();
        }
        this.#settled?.resolve();
        this.#settled = undefined;
        return;
      }
      case "pong":
        this.#log("round_trip", { ms: output.rtt });
        this.#measured(output.rtt);
        return;
      case "write":
        this.#write(output.frame);
        this.#doubt();
        return;
      case "close": {
        const { by, code, message } = output;
        return this.#finish({ by, code, message }, output.close);
      }
      case "ignore":
        return;
    }
  }

  #doubt(): void {
    this.#cancelDoubt ??= this.#clock.after(PATIENCE, () => void this.#rebind());
  }

  #heard(): void {
    this.#session.handleActivity(this.#clock.now());
    this.#cancelDoubt?.();
    this.#cancelDoubt = undefined;
  }

  /** The server is silent: perhaps it is our address that has changed (RFC 9000, section 9). */
  async #rebind(): Promise<void> {
    this.#cancelDoubt = this.#clock.after(PATIENCE, () => {
      this.#cancelDoubt = undefined;
      // Who does not read cannot tell whether somebody speaks.
      if (this.#receiving) return;
      const message = "The server does not answer.";
      this.#finish({ by: "network", code: "silence", message }, CLOSE_DONE);
    });
    if (this.#receiving || this.#end !== undefined) return;
    try {
      await this.#connection.rebind();
      this.#log("rebind", { done: true });
    } catch (failure) {
      if (!(failure instanceof TransportError)) throw failure;
      this.#log("rebind", { done: false, reason: failure.code });
    }
  }

  #arm(): void {
    this.#cancelTimer?.();
    const deadline = this.#session.deadline();
    if (deadline === undefined || this.#end !== undefined) return;
    // Once more after what is being received now: answers may stand behind it.
    const wait = Math.max(deadline - this.#clock.now(), this.#receiving ? PATIENCE : 0);
    this.#cancelTimer = this.#clock.after(wait, () => {
      if (!this.#receiving) {
        const output = this.#session.handleTimeout(this.#clock.now());
        if (output !== undefined) void this.#do(output);
      }
      this.#arm();
    });
  }

  #write(frame: ClientFrame): void {
    const bytes = encodeFrame(frame);
    if (this.#unwrittenBytes + bytes.length > MOST_UNWRITTEN) {
      throw new Error(`Cannot send ${frame.type}: ${this.#unwrittenBytes} bytes wait already`);
    }
    this.#unwritten.push(bytes);
    this.#unwrittenBytes += bytes.length;
    this.#writing ??= this.#flush();
  }

  /** Writes what is there, all that one turn brought in one piece. */
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
      this.#unwritten = []; // The reading end learns why.
    }
    this.#writing = undefined;
  }

  #finish(end: SessionEnd, close: number): void {
    this.#end ??= end;
    this.#session.leave();
    this.#connection.close(close);
  }

  async #untilClosed(): Promise<SessionEnd> {
    const reason = await this.#connection.closed;
    await this.#reading.catch((failure) => {
      this.#end = { by: "client", code: "internal", message: String(failure) };
    });
    this.#session.closed();
    this.#cancelTimer?.();
    this.#cancelDoubt?.();
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
