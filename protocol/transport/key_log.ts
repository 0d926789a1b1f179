/**
 * The file that a key log is appended to: for people who look into their own connections with
 * Wireshark. Anyone who has it can read the traffic of these connections.
 */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { TakeKeys } from "./transport.ts";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;

/**
 * Makes the file if it is missing, and closes it to other users of the machine. Lines that cannot be
 * written are left out. Throws the system's error if the file cannot be opened.
 */
export async function openKeyLog(path: string): Promise<TakeKeys> {
  const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  if ((await file.stat()).isFile()) await file.chmod(0o600);
  return (lines) => void file.appendFile(lines).catch(() => {});
}
