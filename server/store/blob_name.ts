/** The names of blobs: random ones, and the ULIDs that earlier versions gave them. */
import { assert } from "../../protocol/assert.ts";
import { isUlid } from "../../protocol/names.ts";

/** Random bytes in a name: no name is ever drawn twice. */
export const NAME_BYTES = 16;
const NAME = /^[0-9a-f]{32}$/;

/** The name of a new blob. `random`: `NAME_BYTES` of them, which cannot be guessed. */
export function blobName(random: Uint8Array): string {
  assert(random.length === NAME_BYTES, "a blob's name has a fixed length");
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** No such name leads out of a folder. */
export function isBlobName(name: string): boolean {
  return NAME.test(name) || isUlid(name);
}
