/**
 * Writes tar archives (POSIX.1-1988 ustar) that depend on their contents alone: no owner, no time,
 * one mode for files and one for programs. The `tar`s of systems have different options for that.
 */

export interface Entry {
  /** Relative, with forward slashes. At most 255 characters. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

const BLOCK = 512;

/** The archive of the entries, in their order. Unpacking makes the folders of the files. */
export function* writeTar(entries: Iterable<Entry>): Generator<Uint8Array> {
  for (const { path, bytes, executable } of entries) {
    yield header(path, bytes.length, executable ? 0o700 : 0o600);
    yield bytes;
    yield new Uint8Array(-bytes.length & (BLOCK - 1));
  }
  yield new Uint8Array(2 * BLOCK);
}

function header(path: string, size: number, mode: number): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (offset: number, text: string) => {
    block.set(new TextEncoder().encode(text), offset);
  };
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  const { prefix, name } = split(path);
  put(0, name);
  put(100, octal(mode, 7));
  put(108, octal(0, 7)); // owner
  put(116, octal(0, 7)); // group
  put(124, octal(size, 11));
  put(136, octal(0, 11)); // time
  put(148, " ".repeat(8)); // The checksum counts itself as spaces.
  put(156, "0"); // A regular file.
  put(257, "ustar\x0000");
  put(345, prefix);
  put(148, `${octal(block.reduce((sum, byte) => sum + byte, 0), 6)}\0 `);
  return block;
}

/** ustar keeps up to 100 bytes of name and 155 bytes of the folders before it. */
function split(path: string): { prefix: string; name: string } {
  if (path.length <= 100) return { prefix: "", name: path };
  const slash = path.indexOf("/", path.length - 101);
  if (slash < 0 || slash > 155) throw new Error(`Cannot pack ${path}: the name is too long`);
  return { prefix: path.slice(0, slash), name: path.slice(slash + 1) };
}
