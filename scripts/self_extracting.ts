/**
 * Makes an executable without `denort`: a POSIX shell script (`launcher.sh`), followed by the `deno`
 * binary and the program as tar.gz. The same sources give the same bytes.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type Entry, writeTar } from "./tar.ts";

interface SelfExtracting {
  /** The staged program (`stage.ts`). */
  readonly folder: string;
  /** The `deno` binary of the target. */
  readonly deno: string;
  /** The output of `uname -s` and `uname -m` on the target. */
  readonly uname: string;
  readonly version: string;
  /** For `deno run`. None needs quoting. */
  readonly flags: readonly string[];
  readonly output: string;
}

const LAUNCHER = new URL("./launcher.sh", import.meta.url);
/** 128 bits of SHA-256 in hex: the name of the folder that it is unpacked into. */
const HASH_DIGITS = 32;

/** Writes the executable. */
export async function makeSelfExtracting(options: SelfExtracting): Promise<void> {
  const payload = await compress(await collect(options.folder, options.deno));
  const launcher = fillIn(await readFile(LAUNCHER, "utf8"), {
    HASH: createHash("sha256").update(payload).digest("hex").slice(0, HASH_DIGITS),
    VERSION: options.version,
    UNAME: options.uname,
    FLAGS: options.flags.join(" "),
  });
  await writeFile(options.output, Buffer.concat([launcher, payload]), { mode: 0o755 });
}

/** `deno`, then the files of the program under `app/`, sorted by name. */
async function collect(folder: string, deno: string): Promise<Entry[]> {
  const entries: Entry[] = [{ path: "deno", bytes: await readFile(deno), executable: true }];
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name));
  for (const file of files.sort()) {
    const path = "app/" + relative(folder, file).split(sep).join("/");
    entries.push({ path, bytes: await readFile(file), executable: false });
  }
  return entries;
}

/** The time in gzip's header is zero: zlib does not set it. */
async function compress(entries: readonly Entry[]): Promise<Buffer> {
  return await promisify(gzip)(Buffer.concat([...writeTar(entries)]), { level: 9 });
}

/** Fills in the launcher, its own length among the values. */
function fillIn(template: string, values: Readonly<Record<string, string>>): Buffer {
  let launcher = template;
  for (const [name, value] of Object.entries(values)) {
    launcher = launcher.replaceAll(`@${name}@`, value);
  }
  const place = "@OFFSET@";
  const offset = Buffer.byteLength(launcher) + 1; // `tail` counts from 1.
  return Buffer.from(launcher.replace(place, String(offset).padEnd(place.length)));
}
