/** `upload` and `download`: a file's bytes, on a stream of their own. */
import { ERRORS } from "../../protocol/errors.ts";
import type { ClientFrames, ServerFrame } from "../../protocol/frame.ts";

export async function* upload(frame: ClientFrames["upload"]): AsyncGenerator<ServerFrame[]> {
  yield [{ type: "error", re: frame.id, code: "disk_full", message: ERRORS.disk_full.meaning }];
}

export async function* download(frame: ClientFrames["download"]): AsyncGenerator<ServerFrame[]> {
  const { meaning: message } = ERRORS.no_such_file;
  yield [{ type: "error", re: frame.id, code: "no_such_file", message }];
}
