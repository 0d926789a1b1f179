/** Files of the database that only their owner may read, from the moment that they exist. */
import { chmodSync, closeSync, openSync } from "node:fs";
import { errorCode } from "../../protocol/system_error.ts";

/**
 * Makes the file, with mode 0600, or changes the mode of one that exists. It opens no file that
 * exists: closing it would release the locks that this process holds on it.
 */
export function makeOwnerOnly(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    chmodSync(file, 0o600);
  }
}
