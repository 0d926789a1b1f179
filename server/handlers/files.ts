/** `upload` and `download`: a file's bytes, on a transfer stream of their own. */
import { ProtocolError } from "../../protocol/errors.ts";
import type { ClientFrames, ServerFrame } from "../../protocol/frame.ts";
import type { Files } from "../services/files.ts";
import type { SignedInSession } from "../services/signed_in_session.ts";
import type { TransferStream } from "../services/transfer_slots.ts";
import { accessErrorText } from "./access_error.ts";

/** Why the account may not write in a conversation. */
const OBJECTIONS: ReadonlySet<string> = new Set(["unknown_user", "not_a_member"]);

interface FileServices {
  readonly files: Files;
}

/** What follows an `upload` on its stream. */
export interface ChunkReader extends TransferStream {
  /** Starts to read the first chunk before it is wanted: call it before the first `await`. */
  readAhead(): void;
  /** Waits until the bytes may come. Throws if the client did not wait for `ready`. */
  mayBegin(): Promise<void>;
  /** The next bytes, at most `most`. Throws `unfinished_file` at the end of the stream. */
  readChunk(most: number): Promise<Uint8Array>;
}

/** Each chunk is written to the file before the next is read from the stream. */
export async function* upload(
  request: ClientFrames["upload"],
  session: SignedInSession,
  { files }: FileServices,
  stream: ChunkReader,
): AsyncGenerator<ServerFrame[]> {
  const { id: re } = request;
  try {
    stream.readAhead();
    await using file = await files.startUpload(session, request, stream);
    await stream.mayBegin();
    yield [{ type: "ready", re, offset: file.length }];
    while (file.left > 0) await file.append(await stream.readChunk(file.left));
    await files.complete(session, file);
    yield [{ type: "stored", re }];
  } catch (error) {
    yield [refusal(re, withName(error, request, session))];
  }
}

/** Each chunk is written to the stream before the next is read from the disk. */
export async function* download(
  request: ClientFrames["download"],
  session: SignedInSession,
  { files }: FileServices,
  stream: TransferStream,
): AsyncGenerator<ServerFrame[]> {
  const { id: re } = request;
  try {
    await using file = await files.openDownload(session, request, stream);
    for await (const bytes of file.chunks()) yield [{ type: "chunk", bytes }];
    yield [{ type: "end", re, more: false }];
  } catch (error) {
    yield [refusal(re, error)];
  }
}

/** Names the user or the room, as the refusal of a message does. */
function withName(
  error: unknown,
  request: ClientFrames["upload"],
  session: SignedInSession,
): unknown {
  if (!(error instanceof ProtocolError) || !OBJECTIONS.has(error.code)) return error;
  const text = accessErrorText(error.code, request.conversation, session.account.name);
  return new ProtocolError(error.code, text);
}

/** The `error` frame for a fault of the client. Any other error is thrown on. */
function refusal(re: number, error: unknown): ServerFrame {
  if (!(error instanceof ProtocolError) || error.fatal) throw error;
  return { type: "error", re, code: error.code, message: error.message };
}
