/**
 * The client's end of one session: requests and their answers, time limits, keep-alive. It has no
 * I/O, reads no clock, keeps no messages and no token: it is driven.
 *
 * What to call, and when:
 *
 * 1. `new ClientSession(options, now)` when a connection is being dialled. One session for each
 *    connection.
 * 2. `hello(now)` once, and write the frame it returns. After `welcome`: `request` for everything
 *    that has an answer, `tell` for what has none, `transfer`, `upload` and `download` for what
 *    takes a stream of its own (`transfer.ts`, `upload.ts`, `download.ts`). Write what they return.
 * 3. `handleActivity(now)` for every chunk that was read, then for every body that the stream's
 *    `FrameDecoder` yields, in order: `handleBody`. What the decoder throws goes to `handleFault`;
 *    the stream's FIN, after `FrameDecoder.end`, to `handleEnd`. Do what the `ClientOutput` says.
 * 4. After any of these: `deadline()` is when to call `handleTimeout`.
 * 5. `leave()` before ending the stream on purpose; `closed()` once the connection has gone.
 *
 * Frames of unknown types, and known ones with values that are not known here, are ignored: a newer
 * server may say more than this client understands.
 */
import { parseServerFrame } from "../codec.ts";
import { CLOSE_DONE, closeCodeOf, type ErrorCode, ERRORS, ProtocolError } from "../errors.ts";
import type { ClientFrames, ServerFrame, ServerFrames } from "../frame.ts";
import { LIMITS, TIMES } from "../limits.ts";
import { FEATURES, VERSIONS } from "../version.ts";
import {
  ANSWERS,
  CLIENT_RULES,
  clientMaySay,
  type QueryType,
  type RequestType,
  serverMaySay,
  type TransferType,
} from "./rules.ts";
import { ClientDownload } from "./download.ts";
import { type State, StateMachine } from "./states.ts";
import { ClientTransfer } from "./transfer.ts";
import { ClientUpload } from "./upload.ts";

/** What is asked with `request`; `hello`, `ping` and transfers have calls of their own. */
export type Asked = Exclude<RequestType, "hello" | "ping" | TransferType>;
export type Request = ClientFrames[Asked | "hello"];
/** A request without the `id`, which the session gives it. */
export type Fields = { [Type in Asked]: Omit<ClientFrames[Type], "id"> }[Asked];
/** The same for a request with a stream of its own that is answered with messages; for files. */
export type TransferFields = { [Type in QueryType]: Omit<ClientFrames[Type], "id"> }[QueryType];
export type UploadFields = Omit<ClientFrames["upload"], "id" | "type">;
export type DownloadFields = Omit<ClientFrames["download"], "id" | "type">;

export type ClientOutput =
  /** The frame answers the request: `error`, or what `ANSWERS` says. */
  | { readonly type: "answer"; readonly request: Request; readonly frame: ServerFrame }
  /** The server says something unasked. */
  | { readonly type: "push"; readonly frame: ServerFrame }
  /** A round trip has been measured; see `rtt`. */
  | { readonly type: "pong"; readonly rtt: number }
  /** Write the frame. */
  | { readonly type: "write"; readonly frame: ClientFrames["ping"] }
  /**
   * The session is over. Close the connection with `close`. `code` is an error's, a `bye`'s, or
   * one that this client does not know; `message` is the server's where `by` says so: not trusted.
   */
  | {
    readonly type: "close";
    readonly by: "server" | "client";
    readonly code: string;
    readonly message: string;
    readonly close: number;
  }
  | { readonly type: "ignore" };

const IGNORE: ClientOutput = { type: "ignore" };

export interface ClientSessionOptions {
  /** The software, as `hello` tells it. */
  readonly client: string;
  readonly versions?: readonly number[];
  readonly features?: readonly string[];
}

export class ClientSession {
  readonly #machine = new StateMachine();
  readonly #client: string;
  readonly #versions: readonly number[];
  readonly #features: readonly string[];
  readonly #pending = new Map<number, Request>();
  #welcome: ServerFrames["welcome"] | undefined;
  #lastId = 0;
  #heard: number;
  /** When the server last answered a request, or the first of those that wait was made. */
  #progress: number;
  #nextPing = Infinity;
  #ping: { readonly id: number; readonly at: number } | undefined;
  #rtt: number | undefined;

  constructor(options: ClientSessionOptions, now: number) {
    this.#client = options.client;
    this.#versions = options.versions ?? VERSIONS;
    this.#features = options.features ?? FEATURES;
    this.#heard = now;
    this.#progress = now;
    this.#machine.fire("open");
  }

  get state(): State {
    return this.#machine.state;
  }

  /** What was agreed: version, features, the server's software. */
  get welcome(): ServerFrames["welcome"] | undefined {
    return this.#welcome;
  }

  /** The last round trip that `ping` and `pong` measured, milliseconds. */
  get rtt(): number | undefined {
    return this.#rtt;
  }

  /** Requests without an answer, the oldest first. */
  get pending(): readonly Request[] {
    return [...this.#pending.values()];
  }

  /** Whether a frame of this type may be sent now, and a request would not be one too many. */
  allows(type: keyof ClientFrames): boolean {
    const [stream = "session"] = CLIENT_RULES[type].streams;
    return clientMaySay(type, this.state, stream) && this.#pending.size < LIMITS.requests;
  }

  /** The first frame of a session. */
  hello(now: number): ClientFrames["hello"] {
    if (this.#lastId > 0) throw new Error("Cannot say hello: it has been said");
    const frame: ClientFrames["hello"] = {
      type: "hello",
      id: this.#nextId("hello"),
      versions: [...this.#versions],
      features: [...this.#features],
      client: this.#client,
    };
    this.#await(frame, now);
    return frame;
  }

  /** Gives a request its `id` and waits for its answer. Throws where `allows` says no. */
  request<Given extends Fields>(fields: Given, now: number): ClientFrames[Given["type"]];
  request(fields: Fields, now: number): Request {
    const frame = { ...fields, id: this.#nextId(fields.type) };
    this.#await(frame, now);
    if (frame.type === "send") this.#machine.fire("send");
    return frame;
  }

  /** For a frame without an answer: returns it, or throws where `allows` says no. */
  tell(frame: ClientFrames["mark"]): ClientFrames["mark"] {
    this.#check(frame.type);
    return frame;
  }

  /** A request for a stream of its own; its answer goes to the transfer, not to this session. */
  transfer(fields: TransferFields, now: number): ClientTransfer {
    return new ClientTransfer({ ...fields, id: this.#nextId(fields.type) }, now);
  }

  /** The same for a file that goes to the server. */
  upload(fields: UploadFields, now: number): ClientUpload {
    return new ClientUpload({ type: "upload", id: this.#nextId("upload"), ...fields }, now);
  }

  /** And for one that comes from there, and has `size` bytes in all. */
  download(fields: DownloadFields, size: number, now: number): ClientDownload {
    const request = { type: "download", id: this.#nextId("download"), ...fields } as const;
    return new ClientDownload(request, size, now);
  }

  /** The server gave a sign of life. */
  handleActivity(now: number): void {
    this.#heard = now;
  }

  /** A whole frame from the session stream. Never throws for what a server sends. */
  handleBody(body: Uint8Array, now: number): ClientOutput {
    if (this.#hasEnded()) return IGNORE;
    let frame: ServerFrame;
    try {
      frame = parseServerFrame(body);
    } catch (fault) {
      if (fault instanceof ProtocolError) return this.handleFault(fault, now);
      throw fault;
    }
    return this.handleFrame(frame, now);
  }

  /** A frame that has been parsed already. */
  handleFrame(frame: ServerFrame, now: number): ClientOutput {
    if (this.#hasEnded()) return IGNORE;
    this.#heard = now;
    if (!serverMaySay(frame.type, this.state, "session")) return IGNORE;
    if (frame.type === "bye") return this.#bye(frame);
    if (frame.type === "error" && isFatal(frame.code)) return this.#fatal(frame);
    if (frame.type === "pong") return this.#pong(frame, now);
    // A notice is no answer: the request that it is about has its own, and often had it before.
    if (frame.type === "notice") return { type: "push", frame };
    if (frame.type === "resync") this.#forget();
    if (!("re" in frame) || frame.re === undefined) return { type: "push", frame };
    const request = this.#pending.get(frame.re);
    if (request === undefined) return IGNORE;
    if (frame.type === "error") return this.#refused(request, frame, now);
    if (frame.type !== ANSWERS[request.type]) return { type: "push", frame };
    return this.#answered(request, frame, now);
  }

  /** What the server sent cannot be read. */
  handleFault(fault: ProtocolError, now: number): ClientOutput {
    if (this.#hasEnded()) return IGNORE;
    this.#heard = now;
    return fault.fatal ? this.#giveUp(fault.code, fault.message) : IGNORE;
  }

  /** The server has ended the stream without `bye`. */
  handleEnd(): ClientOutput {
    if (this.#hasEnded()) return IGNORE;
    this.#machine.fire("leave");
    const message = "The server ended the session without a word.";
    return { type: "close", by: "server", code: "ended", message, close: CLOSE_DONE };
  }

  /** This client is done; whatever still comes is not looked at. */
  leave(): void {
    if (this.#machine.can("leave")) this.#machine.fire("leave");
  }

  /** The connection has gone. */
  closed(): void {
    if (this.#machine.can("close")) this.#machine.fire("close");
  }

  /** When `handleTimeout` is due; `undefined` once the session has ended. */
  deadline(): number | undefined {
    if (this.#hasEnded()) return undefined;
    return Math.min(this.#nextPing, this.#patience());
  }

  /** An output only when something is due. */
  handleTimeout(now: number): ClientOutput | undefined {
    if (this.#hasEnded()) return undefined;
    if (now >= this.#patience()) return this.#giveUp("silence", ERRORS.silence.meaning);
    if (now < this.#nextPing) return undefined;
    const frame: ClientFrames["ping"] = { type: "ping", id: this.#nextId("ping") };
    this.#ping = { id: frame.id, at: now };
    this.#nextPing = now + TIMES.ping;
    return { type: "write", frame };
  }

  /**
   * Until when the server may be silent. Requests wait from the last answer on, not each from its
   * own beginning: behind a slow link a hundred messages take their time, one after the other.
   */
  #patience(): number {
    const silence = this.#heard + TIMES.silence;
    return this.#pending.size === 0 ? silence : Math.min(silence, this.#progress + TIMES.answer);
  }

  #check(type: keyof ClientFrames): void {
    if (this.allows(type)) return;
    throw new Error(
      `Cannot send ${type}: current state is ${this.state}, ${this.#pending.size} requests wait`,
    );
  }

  #nextId(type: RequestType): number {
    // A ping is due when it is due; its one answer is not waited for among the others.
    if (type !== "ping") this.#check(type);
    this.#lastId = (this.#lastId + 1) % 2 ** 32;
    return this.#lastId;
  }

  #await(request: Request, now: number): void {
    if (this.#pending.size === 0) this.#progress = now;
    this.#pending.set(request.id, request);
  }

  #answered(request: Request, frame: ServerFrame, now: number): ClientOutput {
    const more = "more" in frame && frame.more;
    if (more) this.#progress = now;
    else this.#settle(request, now);
    if (frame.type === "welcome") {
      if (!this.#versions.includes(frame.version)) {
        return this.#giveUp("no_common_version", ERRORS.no_common_version.meaning);
      }
      this.#welcome = frame;
      this.#nextPing = now + TIMES.ping;
      this.#machine.fire("agree");
    }
    if (frame.type === "authenticated") this.#machine.fire("sign_in");
    return { type: "answer", request, frame };
  }

  #refused(request: Request, frame: ServerFrames["error"], now: number): ClientOutput {
    this.#machine.fire("fault");
    this.#machine.fire("recover");
    this.#settle(request, now);
    return { type: "answer", request, frame };
  }

  #settle(request: Request, now: number): void {
    this.#pending.delete(request.id);
    this.#progress = now;
    if (request.type !== "send") return;
    for (const other of this.#pending.values()) if (other.type === "send") return;
    this.#machine.fire("settle");
  }

  /** Answers were left out too, perhaps: what was asked so far is waited for no longer. */
  #forget(): void {
    this.#pending.clear();
    if (this.state === "SENDING") this.#machine.fire("settle");
  }

  #pong(frame: ServerFrames["pong"], now: number): ClientOutput {
    if (this.#ping?.id !== frame.re) return IGNORE;
    this.#rtt = now - this.#ping.at;
    this.#ping = undefined;
    return { type: "pong", rtt: this.#rtt };
  }

  #bye(frame: ServerFrames["bye"]): ClientOutput {
    this.#machine.fire("leave");
    const { code, message } = frame;
    return { type: "close", by: "server", code, message, close: CLOSE_DONE };
  }

  #fatal(frame: ServerFrames["error"]): ClientOutput {
    this.#machine.fire("fault");
    this.#machine.fire("give_up");
    const { code, message } = frame;
    return { type: "close", by: "server", code, message, close: CLOSE_DONE };
  }

  #giveUp(code: ErrorCode, message: string): ClientOutput {
    this.#machine.fire("fault");
    this.#machine.fire("give_up");
    const close = closeCodeOf(code) ?? CLOSE_DONE;
    return { type: "close", by: "client", code, message, close };
  }

  #hasEnded(): boolean {
    return this.state === "DISCONNECTING" || this.state === "DISCONNECTED";
  }
}

function isFatal(code: string): boolean {
  return Object.hasOwn(ERRORS, code) && closeCodeOf(code as ErrorCode) !== undefined;
}
