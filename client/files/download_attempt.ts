/** One attempt to fetch a file from the server, on one stream. */
import { onAbort } from "../../protocol/abort.ts";
import { assert } from "../../protocol/assert.ts";
import type { AnnouncedFile, DownloadFile } from "./file_store.ts";
import { errorOf, InterruptedError, interruptible } from "./interrupted_error.ts";
import type { TransferAttempt } from "./transfers.ts";

/** Appends the bytes that are missing. Throws `RefusedError` and `InterruptedError`. */
export async function attemptDownload(
  file: Pick<DownloadFile, "length" | "append">,
  { file: id, size }: Pick<AnnouncedFile, "file" | "size">,
  { connection, clock, transfer }: TransferAttempt,
): Promise<void> {
  transfer.startAttempt(file.length);
  if (file.length === size) return;
  await interruptible(async () => {
    const fields = { file: id, offset: file.length };
    const [download, stream] = await connection.download(fields, size);
    await using _ = stream;
    using _abort = onAbort(transfer.signal, () => stream.reset());
    await stream.write(download.request);
    await stream.end();
    for await (const body of stream.bodies()) {
      const output = download.handleBody(body, clock.now());
      if (output.type === "chunk") {
        await file.append(output.bytes);
        assert(file.length + download.left === size, "the bytes that are left follow the file's");
        transfer.addTransferred(output.bytes.length);
      } else if (output.type === "end") return;
      else if (output.type === "failed") throw errorOf(output);
    }
    throw new InterruptedError("The stream ended before the file did.");
  });
}
