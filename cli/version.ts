/**
 * What `--version` says: the version, and the commit that the program was made of. An executable has
 * the commit in it; a checkout is asked for it, without git, which may not be there.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { COMMIT } from "./commit.ts";

/** As `git describe` abbreviates it in `scripts/compile.ts`. */
const LENGTH = 12;
const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** `sotto 1.2.3 (0123456789ab)`; without the commit where nothing tells it. */
export async function versionLine(version: string, root = ROOT): Promise<string> {
  const commit = COMMIT ?? await commitOf(root);
  return `sotto ${version}${commit === undefined ? "" : ` (${commit})`}`;
}

/** The commit that a checkout is at (gitrepository-layout(5)); `undefined`: it is none. */
async function commitOf(root: string): Promise<string | undefined> {
  const folder = join(root, ".git");
  const read = (path: string) => readFile(join(folder, path), "utf8").catch(() => "");
  const head = (await read("HEAD")).trim();
  const [, ref] = /^ref: (refs\/[\w./-]+)$/.exec(head) ?? [];
  if (ref === undefined || ref.includes("..")) return hashIn(head);
  return hashIn((await read(ref)).trim()) ??
    hashIn(
      (await read("packed-refs")).split("\n").find((line) => line.endsWith(` ${ref}`)) ?? "",
    );
}

function hashIn(text: string): string | undefined {
  return /^[0-9a-f]{40,64}\b/.exec(text)?.[0].slice(0, LENGTH);
}
