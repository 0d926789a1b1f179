/**
 * Requests whose answers a command waits for. An answer that can come no more, because the session
 * has ended or the server left frames out, is a refusal: the person is told to try again.
 */
import type { ServerFrame, ServerFrames } from "../../protocol/frame.ts";
import type { Asked, Fields, Request } from "../../protocol/session/client.ts";
import type { ANSWERS } from "../../protocol/session/rules.ts";
import type { SessionConnection } from "./session_connection.ts";

/** What was asked for was not done. The message may be the server's: not trusted. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

type AnswerTo<Type extends Asked> = ServerFrames[(typeof ANSWERS)[Type]];

interface Waiting {
  readonly frames: ServerFrame[];
  readonly resolve: (frames: readonly ServerFrame[]) => void;
  readonly reject: (refusal: RefusedError) => void;
}

export class Requests {
  #link: Pick<SessionConnection, "allows" | "request"> | undefined;
  readonly #waiting = new Map<number, Waiting>();

  /** A session has signed in. */
  attach(link: Pick<SessionConnection, "allows" | "request">): void {
    this.#link = link;
  }

  /** The session has ended, or leaves answers out. `ended`: nothing can be asked from now on. */
  lost(ended: boolean): void {
    if (ended) this.#link = undefined;
    const refusal = new RefusedError(
      "no_answer",
      "It is not known whether that was done: the connection broke. Look, and try again.",
    );
    for (const { reject } of this.#waiting.values()) reject(refusal);
    this.#waiting.clear();
  }

  /** Whether something can be asked now. */
  can(type: Asked): boolean {
    return this.#link?.allows(type) === true;
  }

  /** Asks; resolves with the answer, in all its parts. Throws `RefusedError`. */
  async ask<Type extends Asked>(
    fields: Extract<Fields, { type: Type }>,
  ): Promise<readonly AnswerTo<Type>[]> {
    const link = this.#linkFor(fields.type);
    const frames = await new Promise<readonly ServerFrame[]>((resolve, reject) => {
      this.#waiting.set(link.request(fields), { frames: [], resolve, reject });
    });
    // What the session calls an answer has the type that `ANSWERS` says (`ClientSession`).
    return frames as readonly AnswerTo<Type>[];
  }

  /** Asks for a list that also comes by itself, and is shown like that. Throws `RefusedError`. */
  refresh(type: "who"): void {
    this.#linkFor(type).request({ type });
  }

  /** Takes a frame that answers something that was asked here; `false`: it does not. */
  receive(frame: ServerFrame, request: Request | undefined): boolean {
    const waiting = request === undefined ? undefined : this.#waiting.get(request.id);
    if (request === undefined || waiting === undefined) return false;
    if (frame.type === "error") {
      this.#waiting.delete(request.id);
      waiting.reject(new RefusedError(frame.code, frame.message));
      return true;
    }
    waiting.frames.push(frame);
    if ("more" in frame && frame.more) return true;
    this.#waiting.delete(request.id);
    waiting.resolve(waiting.frames);
    return true;
  }

  #linkFor(type: Asked): Pick<SessionConnection, "request"> {
    const link = this.#link;
    if (link?.allows(type)) return link;
    throw new RefusedError("not_connected", "Not connected right now; try again in a moment.");
  }
}
