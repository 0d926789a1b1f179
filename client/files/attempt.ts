/**
 * One attempt to take a file across, on one stream. What broke off is worth another attempt, and
 * goes on where it stopped (`carry.ts`); what the server refuses is a `RefusedError`.
 */
import { type Clock, pause } from "../../protocol/clock.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { UploadFields } from "../../protocol/session/client.ts";
import type { ClientUpload } from "../../protocol/session/upload.ts";
import { StreamError, TransportError } from "../../protocol/transport/transport.ts";
import { RefusedError } from "../session/refused_error.ts";
import type { SessionConnection } from "../session/session_connection.ts";
import { TEMPORARY_REFUSALS } from "../session/refused_error.ts";
import type { TransferStream } from "../session/transfer_stream.ts";
import type { AnnouncedFile, DownloadFile, UploadFile } from "./file_store.ts";

/** It broke off. The message may be the server's: not trusted. */
export class BrokenError extends Error {
  override readonly name = "BrokenError";
}

/** What an attempt needs, and whom it tells. */
export interface Attempt {
  readonly link: Pick<SessionConnection, "upload" | "download">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** So many bytes were across already. */
  readonly begun: (transferred: number) => void;
  /** So many more are. */
  readonly moved: (bytes: number) => void;
}

/** Refusals that say "not now", and what a stream's end says that came too early. */
const LATER: ReadonlySet<string> = new Set([
  ...TEMPORARY_REFUSALS,
  ...["internal", "draining", "silence", "unfinished_file"],
  ...["frame_truncated", "frame_malformed", "frame_too_large"],
]);
/** How long the server may take to say why it takes no more. */
const LAST_WORDS = 1000;

/** Sends what the server does not have yet. Throws `RefusedError` and `BrokenError`. */
export async function uploadOnce(
  source: Pick<UploadFile, "read" | "check">,
  fields: UploadFields,
  attempt: Attempt,
): Promise<void> {
  await unlessBroken(async () => {
    const [upload, stream] = await attempt.link.upload(fields);
    await using _ = stream;
    using _abort = onAbort(attempt.signal, () => stream.reset());
    using _watch = watch(upload, attempt.clock, () => stream.reset());
    await stream.write(upload.request);
    const ready = Promise.withResolvers<number>();
    const stored = listen(upload, stream, attempt.clock, ready.resolve);
    stored.catch((failure) => {
      ready.reject(failure);
      stream.reset(); // The server takes no more; what is being written ends.
    });
    try {
      await send(source, upload, stream, await ready.promise, attempt);
    } catch (failure) {
      if (failure instanceof RefusedError) throw failure;
      // The server may have said why it stopped reading.
      await Promise.race([stored, pause(attempt.clock, LAST_WORDS, attempt.signal)]);
      throw failure;
    }
    await stored;
  });
}

/** Fetches what is not there yet. Throws `RefusedError` and `BrokenError`. */
export async function downloadOnce(
  landing: Pick<DownloadFile, "length" | "append">,
  { file, size }: Pick<AnnouncedFile, "file" | "size">,
  attempt: Attempt,
): Promise<void> {
  attempt.begun(landing.length);
  if (landing.length === size) return;
  await unlessBroken(async () => {
    const [download, stream] = await attempt.link.download({ file, offset: landing.length }, size);
    await using _ = stream;
    using _abort = onAbort(attempt.signal, () => stream.reset());
    await stream.write(download.request);
    await stream.end();
    for await (const body of stream.bodies()) {
      const output = download.handleBody(body, attempt.clock.now());
      if (output.type === "chunk") {
        await landing.append(output.bytes);
        attempt.moved(output.bytes.length);
      } else if (output.type === "end") return;
      else if (output.type === "failed") throw failureOf(output);
    }
    throw new BrokenError("The stream ended before the file did.");
  });
}

async function send(
  source: Pick<UploadFile, "read" | "check">,
  upload: ClientUpload,
  stream: TransferStream,
  offset: number,
  { clock, begun, moved }: Attempt,
): Promise<void> {
  begun(offset);
  const buffer = new Uint8Array(LIMITS.chunk);
  for (let at = offset; upload.left > 0;) {
    const bytes = await source.read(buffer, at);
    // Before the server has it all: what was changed is not to be offered to anybody.
    if (bytes.length === upload.left) await source.check();
    await stream.write(upload.chunk(bytes));
    upload.handleWritten(clock.now());
    at += bytes.length;
    moved(bytes.length);
  }
  await stream.end();
}

/** Hears the server out; resolves when it has the file. */
async function listen(
  upload: ClientUpload,
  stream: TransferStream,
  clock: Clock,
  ready: (offset: number) => void,
): Promise<void> {
  for await (const body of stream.bodies({ patient: true })) {
    const output = upload.handleBody(body, clock.now());
    if (output.type === "ready") ready(output.offset);
    else if (output.type === "stored") return;
    else if (output.type === "failed") throw failureOf(output);
  }
  throw new BrokenError("The stream ended before the file was stored.");
}

function failureOf({ code, message }: { code: string; message: string }): Error {
  return LATER.has(code) ? new BrokenError(message) : new RefusedError(code, message);
}

/** What streams and connections throw is a break; anything else is what it is. */
async function unlessBroken(attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt();
  } catch (failure) {
    const broken = failure instanceof StreamError || failure instanceof TransportError ||
      failure instanceof ProtocolError;
    throw broken ? new BrokenError(failure.message) : failure;
  }
}

function onAbort(signal: AbortSignal, abort: () => void): Disposable {
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", abort) };
}

/** Calls `late` when the server was silent for too long. */
function watch(upload: ClientUpload, clock: Clock, late: () => void): Disposable {
  let cancel: () => void;
  const arm = () => {
    cancel = clock.after(Math.max(1, upload.deadline() - clock.now()), () => {
      if (upload.handleTimeout(clock.now()) === undefined) arm();
      else late();
    });
  };
  arm();
  return { [Symbol.dispose]: () => cancel() };
}
