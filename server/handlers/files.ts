/** `upload` and `download`: a file's bytes, on a stream of their own. */
import { ProtocolError } from "../../protocol/errors.ts";
import type { ClientFrames, ServerFrame } from "../../protocol/frame.ts";
import type { Incoming } from "../incoming.ts";
import type { Files } from "../services/files.ts";
import type { SignedIn } from "../services/signed_in.ts";
import { objectionText } from "./objection.ts";

/** Why somebody may not write in a conversation. */
const OBJECTIONS: ReadonlySet<string> = new Set(["unknown_user", "not_a_member"]);

export interface FileServices {
  readonly files: Files;
}

/** Each chunk is on its way to the disk before the next is read. */
export async function* upload(
  frame: ClientFrames["upload"],
  session: SignedIn,
  { files }: FileServices,
  incoming: Incoming,
): AsyncGenerator<ServerFrame[]> {
  try {
    incoming.expect(frame);
    await using receipt = await files.receive(session, frame, () => incoming.abandon());
    yield [await incoming.ready(receipt.length)];
    while (incoming.left > 0) await receipt.append(await incoming.read());
    await receipt.finish();
    yield [{ type: "stored", re: frame.id }];
  } catch (error) {
    yield [refusal(frame.id, withName(error, frame, session))];
  }
}

/** Each chunk is written before the next is read from the disk. */
export async function* download(
  frame: ClientFrames["download"],
  session: SignedIn,
  { files }: FileServices,
): AsyncGenerator<ServerFrame[]> {
  try {
    await using loan = await files.lend(session, frame);
    for await (const bytes of loan.chunks()) yield [{ type: "chunk", bytes }];
    yield [{ type: "end", re: frame.id, more: false }];
  } catch (error) {
    yield [refusal(frame.id, error)];
  }
}

/** Says who it is that does not exist, as it is said of messages. */
function withName(error: unknown, frame: ClientFrames["upload"], session: SignedIn): unknown {
  if (!(error instanceof ProtocolError) || !OBJECTIONS.has(error.code)) return error;
  const text = objectionText(error.code, frame.conversation, session.account.name);
  return new ProtocolError(error.code, text);
}

/** A fault of the peer as the `error` of its request. All else is thrown on. */
function refusal(re: number, error: unknown): ServerFrame {
  if (!(error instanceof ProtocolError) || error.fatal) throw error;
  return { type: "error", re, code: error.code, message: error.message };
}
