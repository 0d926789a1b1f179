/**
 * What Sotto may do on a machine: as little as it needs. The executable is built with these flags,
 * and the tasks in `deno.json` carry the same ones (`tests/scripts/permissions_test.ts` holds them
 * to it).
 *
 * What is not here is refused: Sotto starts no program, and can ask for no more at run time.
 */

/** Environment variables that Sotto or one of its packages reads. None carries a secret. */
export const ENVIRONMENT: readonly string[] = [
  "HOME",
  "XDG_DATA_HOME",
  "XDG_CONFIG_HOME",
  "XDG_STATE_HOME",
];

/** Facts about the machine. */
export const SYSTEM: readonly string[] = ["hostname", "networkInterfaces"];

/** The flags for `deno run` and `deno compile`. */
export const PERMISSIONS: readonly string[] = [
  // Servers listen where they are told to; clients dial what people name.
  "--allow-net",
  // `--data`, `--cert`, `--password-file`: people choose the folders.
  "--allow-read",
  "--allow-write",
  `--allow-env=${ENVIRONMENT.join(",")}`,
  `--allow-sys=${SYSTEM.join(",")}`,
  // The QUIC addon is a native library.
  "--allow-ffi",
  // A refusal is an error, never a question in the middle of a conversation.
  "--no-prompt",
];
