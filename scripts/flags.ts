/** With which flags Sotto runs: what it may do, and what V8 is told. */
import { PERMISSIONS } from "./permissions.ts";

/**
 * MiB for new objects, before V8 looks for what can go: what a file of 1 GiB leaves there counts in a
 * client that mostly waits (docs/decisions/files.md).
 */
const V8 = "--v8-flags=--max-semi-space-size=4";

/** For `deno run` and `deno compile`. */
export const FLAGS: readonly string[] = [V8, ...PERMISSIONS];
