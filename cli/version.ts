/**
 * The line of `--version`: the version, and the commit. An executable contains its commit; in a
 * checkout it is read from `.git`, without running git.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The commit of an executable: `scripts/stage.ts` writes it here. */
const COMMIT: string | undefined = undefined;
/** As `git describe` abbreviates it in `scripts/compile.ts`. */
const LENGTH = 12;
const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** `sotto 1.2.3 (0123456789ab)`; without the commit if it is unknown. */
export async function versionLine(version: string, root = ROOT): Promise<string> {
  const commit = COMMIT ?? await commitOf(root);
  return `sotto ${version}${commit === undefined ? "" : ` (${commit})`}`;
}

/** The commit that a checkout is at (gitrepository-layout(5)); `undefined`: this is no checkout. */
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
