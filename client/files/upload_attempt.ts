/** One attempt to send a file to the server, on one stream. */
import { onAbort } from "../../protocol/abort.ts";
import { assert } from "../../protocol/assert.ts";
import { type Clock, within } from "../../protocol/clock.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { UploadFields } from "../../protocol/session/client.ts";
import type { ClientUpload } from "../../protocol/session/upload.ts";
import { RefusedError } from "../session/refused_error.ts";
import type { TransferStream } from "../session/transfer_stream.ts";
import type { UploadFile } from "./file_store.ts";
import { errorOf, InterruptedError, interruptible } from "./interrupted_error.ts";
import type { TransferAttempt } from "./transfers.ts";

/** Milliseconds to wait for the server's reason when it stops reading. */
const REASON_TIMEOUT = 1000;

/** Sends the bytes that the server does not have. Throws `RefusedError` and `InterruptedError`. */
export async function attemptUpload(
  file: Pick<UploadFile, "read" | "check">,
  fields: UploadFields,
  attempt: TransferAttempt,
): Promise<void> {
  const { connection, clock, transfer } = attempt;
  await interruptible(async () => {
    const [upload, stream] = await connection.upload(fields);
    await using _ = stream;
    using _abort = onAbort(transfer.signal, () => stream.reset());
    using _silence = resetOnSilence(stream, upload, clock);
    await stream.write(upload.request);
    const ready = Promise.withResolvers<number>();
    const stored = readAnswers(stream, upload, clock, ready.resolve);
    stored.catch((failure) => {
      ready.reject(failure);
      stream.reset(); // The server reads no further: a pending write would not end.
    });
    try {
      await writeChunks(stream, upload, file, await ready.promise, attempt);
    } catch (failure) {
      if (failure instanceof RefusedError) throw failure;
      if (await within(clock, REASON_TIMEOUT, stored)) await stored;
      throw failure;
    }
    await stored;
  });
}

async function writeChunks(
  stream: TransferStream,
  upload: ClientUpload,
  file: Pick<UploadFile, "read" | "check">,
  start: number,
  { clock, transfer }: TransferAttempt,
): Promise<void> {
  const { size } = upload.request;
  transfer.startAttempt(start);
  const buffer = new Uint8Array(LIMITS.chunk);
  for (let offset = start; offset < size;) {
    assert(offset + upload.left === size, "the bytes that are left follow the offset");
    const bytes = await file.read(buffer, offset);
    // Before the last chunk: once the server has all bytes, it may offer the file to others.
    if (bytes.length === upload.left) await file.check();
    await stream.write(upload.chunk(bytes));
    upload.handleWritten(clock.now());
    offset += bytes.length;
    transfer.addTransferred(bytes.length);
  }
  await stream.end();
}

/** Reads what the server answers until it has stored the file. */
async function readAnswers(
  stream: TransferStream,
  upload: ClientUpload,
  clock: Clock,
  ready: (offset: number) => void,
): Promise<void> {
  for await (const body of stream.bodies({ patient: true })) {
    const output = upload.handleBody(body, clock.now());
    if (output.type === "ready") ready(output.offset);
    else if (output.type === "stored") return;
    else if (output.type === "failed") throw errorOf(output);
  }
  throw new InterruptedError("The stream ended before the file was stored.");
}

/** Resets the stream when the server neither answers nor reads for too long. */
function resetOnSilence(stream: TransferStream, upload: ClientUpload, clock: Clock): Disposable {
  let cancel: () => void;
  const arm = () => {
    cancel = clock.after(Math.max(1, upload.deadline() - clock.now()), () => {
      if (upload.handleTimeout(clock.now()) === undefined) arm();
      else stream.reset();
    });
  };
  arm();
  return { [Symbol.dispose]: () => cancel() };
}
