/**
 * The client's end of a transfer stream that asks for messages (`history`, `search`). Pure; the
 * caller drives it: write `request`, end the sending side, then call `handleBody` for each body
 * until an output that is not `message` or `ignore`. Call `handleTimeout` at `deadline()`.
 */
import { parseServerFrame } from "../codec.ts";
import { ProtocolError } from "../errors.ts";
import type { ClientFrames, Message, ServerFrame } from "../frame.ts";
import { TIMES } from "../limits.ts";
import type { QueryType } from "./rules.ts";

type QueryOutput =
  | { readonly type: "message"; readonly message: Message }
  /** The answer is complete. `more`: there are further messages. */
  | { readonly type: "end"; readonly more: boolean }
  /** The query failed. `message` may be the server's: not trusted. */
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  | { readonly type: "ignore" };

export class ClientQuery {
  readonly request: ClientFrames[QueryType];
  #receivedAt: number;
  /** Messages that may still come. */
  #left: number;

  constructor(request: ClientFrames[QueryType], now: number) {
    this.request = request;
    this.#receivedAt = now;
    this.#left = request.limit;
  }

  handleBody(body: Uint8Array, now: number): QueryOutput {
    try {
      return this.handleFrame(parseServerFrame(body), now);
    } catch (fault) {
      if (!(fault instanceof ProtocolError)) throw fault;
      return fault.code === "unknown_type" ? { type: "ignore" } : this.handleFault(fault);
    }
  }

  handleFrame(frame: ServerFrame, now: number): QueryOutput {
    switch (frame.type) {
      case "message":
        if (this.request.type === "history" && frame.conversation !== this.request.conversation) {
          return { type: "ignore" };
        }
        if (this.#left === 0) return this.handleFault(new ProtocolError("list_too_long"));
        this.#left--;
        // Other frames do not put the time limit off.
        this.#receivedAt = now;
        return { type: "message", message: frame };
      case "end":
        return { type: "end", more: frame.more };
      case "error":
        return { type: "failed", code: frame.code, message: frame.message };
      default:
        return { type: "ignore" };
    }
  }

  /** A frame could not be read. A message would be missing, so the query fails. */
  handleFault(fault: ProtocolError): QueryOutput {
    return { type: "failed", code: fault.code, message: fault.message };
  }

  deadline(): number {
    return this.#receivedAt + TIMES.answer;
  }

  handleTimeout(now: number): QueryOutput | undefined {
    if (now < this.deadline()) return undefined;
    return this.handleFault(new ProtocolError("silence"));
  }
}
