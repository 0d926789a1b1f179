/** With which flags Sotto runs: what it may do, and what V8 is told. */
import { PERMISSIONS } from "./permissions.ts";

/**
 * V8 lets the space for new objects grow to three times 16 MiB before it looks for what can go. A
 * file of 1 GiB leaves its trace there, in a client that mostly waits; a server is as fast with less.
 */
const V8 = "--v8-flags=--max-semi-space-size=4";

/** For `deno run` and `deno compile`. */
export const FLAGS: readonly string[] = [V8, ...PERMISSIONS];
