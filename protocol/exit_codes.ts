/** How a command ended, as the exit code that scripts see (docs/cli.md). */

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  no_connection: 3,
  not_let_in: 4,
  key_changed: 5,
  // A client's session also ends in these ways.
  left: 0,
  unsent: 1,
  unfinished: 1,
  untrusted: 2,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
