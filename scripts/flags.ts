/** The flags that Sotto runs with: its permissions, and a setting of V8. */
import { PERMISSIONS } from "./permissions.ts";

/**
 * MiB for new objects before V8 collects garbage. With more, a client that sends a file of 1 GiB
 * keeps memory that it no longer needs (docs/decisions/files.md).
 */
const V8 = "--v8-flags=--max-semi-space-size=4";

/** For `deno run` and `deno compile`. */
export const FLAGS: readonly string[] = [V8, ...PERMISSIONS];
