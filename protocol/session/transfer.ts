/**
 * The client's end of one further stream that asks for messages: one request, its answer, and the
 * end. (For files: `upload.ts`, `download.ts`.) Pure and driven, like the session: write `request`,
 * end the sending side, then `handleBody` for each body until an output that is not `message` or
 * `ignore`; `deadline()` is when to call `handleTimeout`.
 */
import { parseServerFrame } from "../codec.ts";
import { ProtocolError } from "../errors.ts";
import type { ClientFrames, Message, ServerFrame } from "../frame.ts";
import { TIMES } from "../limits.ts";
import type { QueryType } from "./rules.ts";

export type TransferOutput =
  | { readonly type: "message"; readonly message: Message }
  /** The answer is complete; `more`: there are further messages. */
  | { readonly type: "end"; readonly more: boolean }
  /** There will be no (further) answer. `message` may be the server's: not trusted. */
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  | { readonly type: "ignore" };

export class ClientTransfer {
  readonly request: ClientFrames[QueryType];
  #heard: number;

  constructor(request: ClientFrames[QueryType], now: number) {
    this.request = request;
    this.#heard = now;
  }

  handleBody(body: Uint8Array, now: number): TransferOutput {
    try {
      return this.handleFrame(parseServerFrame(body), now);
    } catch (fault) {
      if (!(fault instanceof ProtocolError)) throw fault;
      return fault.code === "unknown_type" ? { type: "ignore" } : this.handleFault(fault);
    }
  }

  handleFrame(frame: ServerFrame, now: number): TransferOutput {
    this.#heard = now;
    switch (frame.type) {
      case "message":
        if (this.request.type === "history" && frame.conversation !== this.request.conversation) {
          return { type: "ignore" };
        }
        return { type: "message", message: frame };
      case "end":
        return { type: "end", more: frame.more };
      case "error":
        return { type: "failed", code: frame.code, message: frame.message };
      default:
        return { type: "ignore" };
    }
  }

  /** What came cannot be read: a message would be missing, so the answer is not to be used. */
  handleFault(fault: ProtocolError): TransferOutput {
    return { type: "failed", code: fault.code, message: fault.message };
  }

  deadline(): number {
    return this.#heard + TIMES.answer;
  }

  handleTimeout(now: number): TransferOutput | undefined {
    if (now < this.deadline()) return undefined;
    return this.handleFault(new ProtocolError("silence"));
  }
}
