/** Exit codes of the commands that connect (`docs/cli.md`), by how it ended. */
import type { EndCode } from "../session/reconnecting_session.ts";

/** What cannot be asked without a terminal is wrong usage. */
export const EXIT: Readonly<Record<EndCode, number>> = {
  left: 0,
  unsent: 1,
  unfinished: 1,
  failed: 1,
  untrusted: 2,
  no_connection: 3,
  not_let_in: 4,
  key_changed: 5,
};
export const USAGE = 2;
