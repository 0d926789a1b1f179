/**
 * What follows the first frame of a further stream: the bytes of an upload, one chunk after the
 * other, none read before the last was taken. It knows no file; what may come is judged by the
 * session and by `ServerUpload`.
 */
import { type ErrorCode, ProtocolError } from "../protocol/errors.ts";
import type { ClientFrames, ServerFrames } from "../protocol/frame.ts";
import type { Verdict } from "../protocol/session/server.ts";
import { ServerUpload } from "../protocol/session/server_upload.ts";

export interface IncomingOptions {
  /** The next frame of the stream; `undefined` at its end. */
  readonly next: () => Promise<Uint8Array | undefined>;
  /** What the session says of a frame. */
  readonly judge: (body: Uint8Array) => Verdict;
  /** What it says of a fault that it could not see. */
  readonly fault: (fault: ProtocolError) => Verdict;
  /** Does what a verdict says about the whole session. */
  readonly act: (verdict: Verdict) => void;
  /** Ends the stream in both directions. */
  readonly reset: () => void;
}

export class Incoming {
  readonly #options: IncomingOptions;
  #upload: ServerUpload | undefined;
  /** The frame that is being read, if one is. */
  #next: Promise<Uint8Array | undefined> | undefined;
  /** Whether it has come. */
  #hasCome = false;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  /** Reads on, so that what comes too early can be told from what comes in time. */
  expect(request: ClientFrames["upload"]): void {
    this.#upload = new ServerUpload(request);
    this.#look();
  }

  /** The frame that asks for what follows `offset`. Throws what `read` does. */
  async ready(offset: number): Promise<ServerFrames["ready"]> {
    // Bytes that came before this was said are a fault; `read` says which.
    if (this.#hasCome && await this.#next !== undefined) await this.read();
    return this.#expected.ready(offset);
  }

  /** Bytes that are still to come. */
  get left(): number {
    return this.#expected.left;
  }

  /** The next bytes. Throws `ProtocolError` where something else comes, or nothing. */
  async read(): Promise<Uint8Array> {
    const { judge, fault, act } = this.#options;
    const body = await (this.#next ?? this.#look());
    this.#next = undefined;
    if (body === undefined) throw this.#expected.handleEnd();
    let verdict = judge(body);
    if (verdict.type === "accept") {
      const result = this.#expected.handleFrame(verdict.frame);
      if (!(result instanceof ProtocolError)) return result;
      verdict = fault(result);
    }
    if (verdict.type === "refuse") throw faultOf(verdict);
    act(verdict);
    throw this.#expected.handleEnd();
  }

  /** Nobody wants the rest: whoever waits for it is told so by what the stream throws. */
  abandon(): void {
    this.#options.reset();
  }

  get #expected(): ServerUpload {
    if (this.#upload === undefined) throw new Error("Cannot read: nothing is expected");
    return this.#upload;
  }

  #look(): Promise<Uint8Array | undefined> {
    this.#hasCome = false;
    this.#next = this.#options.next();
    const come = () => void (this.#hasCome = true);
    this.#next.then(come, come);
    return this.#next;
  }
}

/** An `error` frame as what it was before. */
function faultOf({ frame }: Extract<Verdict, { type: "refuse" }>): ProtocolError {
  return new ProtocolError(frame.code as ErrorCode, frame.message, { re: frame.re });
}
