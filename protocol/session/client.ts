/**
 * The client's end of one session: requests and their answers, time limits, keep-alive. It has no
 * I/O, reads no clock, and keeps no messages and no token. The caller drives it.
 *
 * What to call, and when:
 *
 * 1. `new ClientSession(options, now)` when dialling. Each connection has its own session.
 * 2. `hello(now)` once, and write the frame that it returns. After `welcome`: `request` for frames
 *    with an answer, `notify` for frames without one, and `query`, `upload` and `download` for
 *    requests on a transfer stream (`query.ts`, `upload.ts`, `download.ts`). Write what they return.
 * 3. `handleActivity(now)` for every chunk that was read. Then `handleBody` for every body that the
 *    stream's `FrameDecoder` yields, in order. Pass what the decoder throws to `handleFault`. At the
 *    stream's FIN, call `FrameDecoder.end`, then `handleEnd`. Do what the `ClientOutput` says.
 * 4. After any of these: call `handleTimeout` at `deadline()`.
 * 5. `leave()` before ending the stream on purpose; `closed()` when the connection is closed.
 *
 * It ignores frames of unknown types, and frames with unknown values: a newer server may send more.
 */
import { assert } from "../assert.ts";
import { parseServerFrame } from "../codec.ts";
import { CLOSE_DONE, closeCodeOf, type ErrorCode, ERRORS, ProtocolError } from "../errors.ts";
import type { ClientFrames, ServerFrame, ServerFrames } from "../frame.ts";
import { LIMITS, TIMES } from "../limits.ts";
import { FEATURES, VERSIONS } from "../version.ts";
import {
  ANSWERS,
  CLIENT_RULES,
  clientMaySend,
  type QueryType,
  type RequestType,
  serverMaySend,
  type TransferType,
} from "./rules.ts";
import { ClientDownload } from "./download.ts";
import { type State, StateMachine } from "./states.ts";
import { ClientQuery } from "./query.ts";
import { ClientUpload } from "./upload.ts";

/** The types for `request`. `hello`, `ping` and transfers have their own methods. */
export type SessionRequestType = Exclude<RequestType, "hello" | "ping" | TransferType>;
type Request = ClientFrames[SessionRequestType | "hello"];
/** A request without its `id`, which the session adds. */
export type RequestFields = {
  [Type in SessionRequestType]: Omit<ClientFrames[Type], "id">;
}[SessionRequestType];
/** The same for requests on a transfer stream. */
export type QueryFields = { [Type in QueryType]: Omit<ClientFrames[Type], "id"> }[QueryType];
export type UploadFields = Omit<ClientFrames["upload"], "id" | "type">;
export type DownloadFields = Omit<ClientFrames["download"], "id" | "type">;

export type ClientOutput =
  /** The answer to a request: `error`, or the frame in `ANSWERS`. */
  | { readonly type: "answer"; readonly request: Request; readonly frame: ServerFrame }
  /** A frame that answers no request. */
  | { readonly type: "push"; readonly frame: ServerFrame }
  /** A measured round trip in milliseconds. */
  | { readonly type: "pong"; readonly rtt: number }
  /** Write the frame. */
  | { readonly type: "write"; readonly frame: ClientFrames["ping"] }
  /**
   * The session has ended: close the connection with `close`. `code` is that of an error or a `bye`,
   * and may be unknown. If `by` is the server, `message` is the server's and not trusted.
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

const LIST_TOO_LONG =
  `The server's lists are longer than ${LIMITS.lists} bytes. Tell the server's admin.`;

interface ClientSessionOptions {
  /** The software, for `hello`. */
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
  /** Bytes of each list that has begun and not ended, by its request, or by its type if unasked. */
  readonly #lists = new Map<number | string, number>();
  #welcome: ServerFrames["welcome"] | undefined;
  #lastId = 0;
  #receivedAt: number;
  /** When the server last answered a request, or when the first pending one was made. */
  #answeredAt: number;
  #nextPing = Infinity;
  #ping: { readonly id: number; readonly at: number } | undefined;
  #rtt: number | undefined;

  constructor(options: ClientSessionOptions, now: number) {
    this.#client = options.client;
    this.#versions = options.versions ?? VERSIONS;
    this.#features = options.features ?? FEATURES;
    this.#receivedAt = now;
    this.#answeredAt = now;
    this.#machine.fire("open");
  }

  get state(): State {
    return this.#machine.state;
  }

  /** The agreed version and features, and the server's software. */
  get welcome(): ServerFrames["welcome"] | undefined {
    return this.#welcome;
  }

  /** The last measured round trip, milliseconds. */
  get rtt(): number | undefined {
    return this.#rtt;
  }

  /** Requests without an answer, oldest first. */
  get pending(): readonly Request[] {
    return [...this.#pending.values()];
  }

  /** Whether a frame of this type may be sent now, and fewer than `LIMITS.requests` wait. */
  allows(type: keyof ClientFrames): boolean {
    const [stream = "session"] = CLIENT_RULES[type].streams;
    return clientMaySend(type, this.state, stream) && this.#pending.size < LIMITS.requests;
  }

  /** The first frame of a session. */
  hello(now: number): ClientFrames["hello"] {
    if (this.#lastId > 0) throw new Error("Cannot send hello: it was sent already");
    const frame: ClientFrames["hello"] = {
      type: "hello",
      id: this.#nextId("hello"),
      versions: [...this.#versions],
      features: [...this.#features],
      client: this.#client,
    };
    this.#addPending(frame, now);
    return frame;
  }

  /** Adds the `id` to a request and waits for its answer. Throws if `allows` returns false. */
  request<Given extends RequestFields>(fields: Given, now: number): ClientFrames[Given["type"]];
  request(fields: RequestFields, now: number): Request {
    const frame = { ...fields, id: this.#nextId(fields.type) };
    this.#addPending(frame, now);
    if (frame.type === "send") this.#machine.fire("send");
    return frame;
  }

  /** Returns a frame without an answer. Throws if `allows` returns false. */
  notify(frame: ClientFrames["mark"]): ClientFrames["mark"] {
    this.#check(frame.type);
    return frame;
  }

  /** A request for messages on a transfer stream. Its answer goes to the query, not to the session. */
  query(fields: QueryFields, now: number): ClientQuery {
    return new ClientQuery({ ...fields, id: this.#nextId(fields.type) }, now);
  }

  /** A file to send to the server. */
  upload(fields: UploadFields, now: number): ClientUpload {
    return new ClientUpload({ type: "upload", id: this.#nextId("upload"), ...fields }, now);
  }

  /** A file to fetch from the server, of `size` bytes in all. */
  download(fields: DownloadFields, size: number, now: number): ClientDownload {
    const request = { type: "download", id: this.#nextId("download"), ...fields } as const;
    return new ClientDownload(request, size, now);
  }

  /** Bytes arrived from the server. */
  handleActivity(now: number): void {
    this.#receivedAt = now;
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
    return this.handleFrame(frame, now, body.length);
  }

  /** A frame that is parsed already. `bytes`: the length of its body, which counts for lists. */
  handleFrame(frame: ServerFrame, now: number, bytes = 0): ClientOutput {
    if (this.#hasEnded()) return IGNORE;
    this.#receivedAt = now;
    if (!serverMaySend(frame.type, this.state, "session")) return IGNORE;
    if (frame.type === "bye") return this.#bye(frame);
    if (frame.type === "error" && isFatal(frame.code)) return this.#fatal(frame);
    if (frame.type === "pong") return this.#pong(frame, now);
    // A notice is no answer: its request has an answer of its own.
    if (frame.type === "notice") return { type: "push", frame };
    if (frame.type === "resync") this.#dropPending();
    const re = "re" in frame ? frame.re : undefined;
    const request = re === undefined ? undefined : this.#pending.get(re);
    // After a `resync` the answers to earlier requests still come. An `ack` says which message it is
    // for, and counts: if it did not, a client that sends all again could stay behind for ever.
    if (re !== undefined && request === undefined) {
      return frame.type === "ack" ? { type: "push", frame } : IGNORE;
    }
    if (!this.#takesPart(frame, re, bytes)) return this.#giveUp("list_too_long", LIST_TOO_LONG);
    if (request === undefined) return { type: "push", frame };
    if (frame.type === "error") return this.#refused(request, frame, now);
    if (frame.type !== ANSWERS[request.type]) return { type: "push", frame };
    return this.#answered(request, frame, now);
  }

  /** A frame from the server could not be read. */
  handleFault(fault: ProtocolError, now: number): ClientOutput {
    if (this.#hasEnded()) return IGNORE;
    this.#receivedAt = now;
    return fault.fatal ? this.#giveUp(fault.code, fault.message) : IGNORE;
  }

  /** The server ended the stream without `bye`. */
  handleEnd(): ClientOutput {
    if (this.#hasEnded()) return IGNORE;
    this.#machine.fire("leave");
    const message = "The server ended the session without saying why.";
    return { type: "close", by: "server", code: "ended", message, close: CLOSE_DONE };
  }

  /** The client is done. Further frames are ignored. */
  leave(): void {
    if (this.#machine.can("leave")) this.#machine.fire("leave");
  }

  /** The connection is closed. */
  closed(): void {
    if (this.#machine.can("close")) this.#machine.fire("close");
  }

  /** When to call `handleTimeout`; `undefined` after the end of the session. */
  deadline(): number | undefined {
    if (this.#hasEnded()) return undefined;
    return this.#isSigningIn()
      ? this.#silenceDeadline()
      : Math.min(this.#nextPing, this.#silenceDeadline());
  }

  /** `undefined` if nothing is due. */
  handleTimeout(now: number): ClientOutput | undefined {
    if (this.#hasEnded()) return undefined;
    if (now >= this.#silenceDeadline()) return this.#giveUp("silence", ERRORS.silence.meaning);
    if (now < this.#nextPing || this.#isSigningIn()) return undefined;
    return { type: "write", frame: this.#makePing(now) };
  }

  /** A `ping` that is not due. `undefined` while there is no session, or it waits for a sign-in. */
  ping(now: number): ClientFrames["ping"] | undefined {
    if (this.#welcome === undefined || this.#hasEnded() || this.#isSigningIn()) return undefined;
    return this.#makePing(now);
  }

  #makePing(now: number): ClientFrames["ping"] {
    const frame: ClientFrames["ping"] = { type: "ping", id: this.#nextId("ping") };
    this.#ping = { id: frame.id, at: now };
    this.#nextPing = now + TIMES.ping;
    return frame;
  }

  /**
   * Until when the server may be silent. The time for answers counts from the last answer, not from
   * each request: on a slow connection a hundred messages are answered one after the other.
   */
  #silenceDeadline(): number {
    if (this.#isSigningIn()) return this.#answeredAt + TIMES.login;
    const silence = this.#receivedAt + TIMES.silence;
    return this.#pending.size === 0 ? silence : Math.min(silence, this.#answeredAt + TIMES.answer);
  }

  /** Until the answer the server reads nothing, so a `ping` would get no answer either. */
  #isSigningIn(): boolean {
    const [oldest] = this.#pending.values();
    return oldest?.type === "login" || oldest?.type === "resume";
  }

  #check(type: keyof ClientFrames): void {
    if (this.allows(type)) return;
    throw new Error(
      `Cannot send ${type}: current state is ${this.state}, ${this.#pending.size} requests wait`,
    );
  }

  #nextId(type: RequestType): number {
    // A ping is sent whatever waits, and its answer is not counted among the pending ones.
    if (type !== "ping") this.#check(type);
    this.#lastId = (this.#lastId + 1) % 2 ** 32;
    return this.#lastId;
  }

  #addPending(request: Request, now: number): void {
    assert(!this.#pending.has(request.id), "pending requests have different IDs");
    if (this.#pending.size === 0) this.#answeredAt = now;
    this.#pending.set(request.id, request);
  }

  #answered(request: Request, frame: ServerFrame, now: number): ClientOutput {
    const more = "more" in frame && frame.more;
    if (more) this.#answeredAt = now;
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

  /**
   * Counts a part of a list. Returns whether the unfinished lists are short enough together. A list
   * whose request fails stays counted: its parts may be kept until the server begins anew.
   */
  #takesPart(frame: ServerFrame, re: number | undefined, bytes: number): boolean {
    if (!("more" in frame)) return true;
    const list = re ?? frame.type;
    this.#lists.set(list, (this.#lists.get(list) ?? 0) + bytes);
    const total = this.#lists.values().reduce((sum, one) => sum + one, 0);
    if (!frame.more) this.#lists.delete(list);
    return total <= LIMITS.lists;
  }

  #refused(request: Request, frame: ServerFrames["error"], now: number): ClientOutput {
    this.#machine.fire("fault");
    this.#machine.fire("recover");
    this.#settle(request, now);
    return { type: "answer", request, frame };
  }

  #settle(request: Request, now: number): void {
    this.#pending.delete(request.id);
    this.#answeredAt = now;
    if (request.type !== "send") return;
    for (const other of this.#pending.values()) if (other.type === "send") return;
    this.#machine.fire("settle");
  }

  /** After `resync`: answers may have been dropped too, so none of them is waited for. */
  #dropPending(): void {
    this.#pending.clear();
    this.#lists.clear();
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
