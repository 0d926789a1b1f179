/**
 * What a message of the kind `file` has in its body: which file, what it is called, how large it
 * is, and what its bytes hash to. The bytes go their own way (`upload`, `download`), and the server
 * reads none of this: it never learns what a file is called.
 *
 * A name is the sender's word: nobody writes to it before making it harmless.
 */
import { Decoder, Encoder } from "@msgpack/msgpack";
import * as v from "valibot";
import { ProtocolError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { isUlid } from "./names.ts";
import { checkWellFormed } from "./wellformed.ts";

const NOTE = v.object({
  /** What `download` asks for. */
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

export type FileNote = v.InferOutput<typeof NOTE>;

/** The kind of a message that carries a note. */
export const FILE_KIND = "file";

const encoder = new Encoder();
const decoder = new Decoder({
  maxStrLength: LIMITS.content,
  maxBinLength: LIMITS.content,
  maxArrayLength: LIMITS.arrayItems,
  maxMapLength: LIMITS.mapEntries,
  maxExtLength: 0,
});

/** Throws `RangeError` where a field is over its limit, or is not what it should be. */
export function encodeFileNote(note: FileNote): Uint8Array {
  const { file, size, hash } = note;
  const parsed = v.safeParse(NOTE, { file, name: note.name.toWellFormed(), size, hash });
  if (parsed.success) return encoder.encode(parsed.output);
  const field = v.getDotPath(parsed.issues[0]) ?? "note";
  throw new RangeError(`Cannot encode a note on a file: its ${field} is over a limit, or is none`);
}

/** `undefined` for what is no such note: a later version's, or nonsense. */
export function decodeFileNote(body: Uint8Array | string): FileNote | undefined {
  if (typeof body === "string" || body.length > LIMITS.content) return undefined;
  try {
    checkWellFormed(body);
    const parsed = v.safeParse(NOTE, decoder.decode(body));
    return parsed.success ? parsed.output : undefined;
  } catch (error) {
    // Not known to come from the decoder after the check; a sender must not be able to end us.
    if (error instanceof ProtocolError || error instanceof RangeError) return undefined;
    throw error;
  }
}
