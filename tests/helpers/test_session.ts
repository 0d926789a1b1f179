/** A signed-in session that keeps what it is sent, as frames. */
import { parseServerFrame } from "../../protocol/codec.ts";
import { FrameDecoder } from "../../protocol/decoder.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { ServerFrame } from "../../protocol/frame.ts";
import type { SignedInSession } from "../../server/services/signed_in_session.ts";

export class TestSession implements SignedInSession {
  readonly account: SignedInSession["account"];
  readonly address: string;
  readonly loginId: string;
  readonly network: string;
  readonly received: ServerFrame[] = [];
  /** The chunks in which they came. */
  readonly chunks: Uint8Array[] = [];
  answered = 0;
  aborted: ErrorCode | undefined;
  readonly #decoder = new FrameDecoder();

  constructor(
    name: string,
    number = 1,
    sessionId = `session of ${name}`,
    address = "192.0.2.1",
  ) {
    this.account = { name, number };
    this.address = address;
    this.network = address;
    this.loginId = sessionId;
  }

  push(frames: Uint8Array): void {
    this.chunks.push(frames);
    for (const body of this.#decoder.push(frames)) this.received.push(parseServerFrame(body));
  }

  answer(frame: Uint8Array): void {
    this.answered += 1;
    this.push(frame);
  }

  abort(code: ErrorCode): void {
    this.aborted = code;
  }

  /** What was received since the last look, in short. */
  look(): string[] {
    return this.received.splice(0).map(inShort);
  }
}

/** A frame on one line. */
export function inShort(frame: ServerFrame): string {
  switch (frame.type) {
    case "message":
      return `message ${frame.seq} ${frame.from}: ${frame.content.body}`;
    case "ack":
      return `ack ${frame.re}: ${frame.conversation} ${frame.seq}`;
    case "presence":
      return `presence ${frame.number} ${frame.user} ${frame.status}`;
    case "conversation":
      return `${frame.conversation} ${frame.seq} seen ${frame.mark}, ${frame.unread} unread`;
    case "changed": {
      const { conversation, change, by, users = [], topic } = frame;
      const rest = [...users, ...(topic === undefined ? [] : [`"${topic}"`])];
      return [conversation, change, "by", by, ...rest].join(" ");
    }
    case "marked":
      return `marked ${frame.conversation} ${frame.seq}`;
    case "users":
      return `users ${frame.users.map(({ number, name }) => `${number} ${name}`).join(", ")}`;
    case "error":
      return `error ${frame.re}: ${frame.code}`;
    case "notice":
      return `notice ${frame.re}: ${frame.code}`;
    default:
      return frame.type;
  }
}
