/**
 * The body of a message of the kind `file`: the file's ID, name, size and hash. The bytes travel
 * separately (`upload`, `download`). The server reads none of this, so it never learns the name.
 *
 * The name is not trusted: it MUST be made harmless before anything is written under it.
 */
import { Decoder, Encoder } from "@msgpack/msgpack";
import * as v from "valibot";
import { ProtocolError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { isUlid } from "./names.ts";
import { checkWellFormed } from "./well_formed.ts";

const CONTENT = v.object({
  /** The ID for `download`. */
  file: v.pipe(v.string(), v.check(isUlid, "not a ULID")),
  name: v.pipe(v.string(), v.minLength(1), v.maxBytes(LIMITS.fileName)),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** SHA-256 of the whole. */
  hash: v.pipe(
    v.instance(Uint8Array),
    v.length(LIMITS.hash),
    v.transform((view): Uint8Array => new Uint8Array(view)),
  ),
});

export type FileContent = v.InferOutput<typeof CONTENT>;

/** The `kind` of such a message. */
export const FILE_KIND = "file";

const encoder = new Encoder();
const decoder = new Decoder({
  maxStrLength: LIMITS.content,
  maxBinLength: LIMITS.content,
  maxArrayLength: LIMITS.arrayItems,
  maxMapLength: LIMITS.mapEntries,
  maxExtLength: 0,
});

/** Throws `RangeError` for a field that is invalid or over its limit. */
export function encodeFileContent(content: FileContent): Uint8Array {
  const { file, size, hash } = content;
  const parsed = v.safeParse(CONTENT, { file, name: content.name.toWellFormed(), size, hash });
  if (parsed.success) return encoder.encode(parsed.output);
  const field = v.getDotPath(parsed.issues[0]) ?? "content";
  throw new RangeError(`Cannot encode a file's content: its ${field} is invalid or over a limit`);
}

/** `undefined` for anything else: a later version's content, or garbage. */
export function decodeFileContent(body: Uint8Array | string): FileContent | undefined {
  if (typeof body === "string" || body.length > LIMITS.content) return undefined;
  try {
    checkWellFormed(body);
    const parsed = v.safeParse(CONTENT, decoder.decode(body));
    return parsed.success ? parsed.output : undefined;
  } catch (error) {
    // The decoder is not known to throw after the check, but a sender must not be able to end us.
    if (error instanceof ProtocolError || error instanceof RangeError) return undefined;
    throw error;
  }
}
