/**
 * Requests that wait for their answers, as promises. It sends nothing; `ClientSession` bounds how
 * many there are (`LIMITS.requests`) and for how long they wait.
 */
import { assert } from "../../protocol/assert.ts";
import type { ServerFrame, ServerFrames } from "../../protocol/frame.ts";
import type { RequestFields, SessionRequestType } from "../../protocol/session/client.ts";
import type { ANSWERS } from "../../protocol/session/rules.ts";
import { RefusedError, UnansweredError } from "./refused_error.ts";

/** The frames that answer a request of this type; a long answer has several. */
export type Answer<Type extends SessionRequestType> =
  readonly ServerFrames[(typeof ANSWERS)[Type]][];

/** What sends requests: one session, or whichever session there is. */
export interface Requester {
  /** Whether a request of this type can be sent now. */
  allows(type: SessionRequestType): boolean;
  /**
   * Sends a request and resolves with its whole answer. Throws `RefusedError` (also when `allows`
   * says no), and `UnansweredError` when the session ends first.
   */
  request<Given extends RequestFields>(fields: Given): Promise<Answer<Given["type"]>>;
}

interface Waiting {
  readonly frames: ServerFrame[];
  readonly resolve: (frames: readonly ServerFrame[]) => void;
  readonly reject: (refusal: RefusedError) => void;
}

export class PendingRequests {
  readonly #waiting = new Map<number, Waiting>();

  /** Waits for the answer to the request with this ID. */
  wait<Type extends SessionRequestType>(id: number): Promise<Answer<Type>> {
    assert(!this.#waiting.has(id), "a request ID is used once while it waits");
    const answer = new Promise<readonly ServerFrame[]>((resolve, reject) => {
      this.#waiting.set(id, { frames: [], resolve, reject });
    });
    answer.catch(() => {}); // Not every caller looks at its answer.
    // `ClientSession` calls a frame an answer only if `ANSWERS` has its type for the request.
    return answer as Promise<Answer<Type>>;
  }

  /** Takes a frame that answers the request with this ID. */
  answer(id: number, frame: ServerFrame): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    if (frame.type === "error") {
      this.#waiting.delete(id);
      return waiting.reject(new RefusedError(frame.code, frame.message, frame.attempts));
    }
    waiting.frames.push(frame);
    if ("more" in frame && frame.more) return;
    this.#waiting.delete(id);
    waiting.resolve(waiting.frames);
  }

  /** No answer comes any more: the session ended, or the server dropped frames (`resync`). */
  abandon(): void {
    for (const { reject } of this.#waiting.values()) reject(new UnansweredError());
    this.#waiting.clear();
  }
}
