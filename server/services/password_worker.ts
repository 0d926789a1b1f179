/**
 * The thread that hashes passwords, so that no sign-in delays a message: one job in, one hash out.
 * It knows no accounts and keeps nothing. `passwords.ts` starts it.
 */
import { setPriority } from "node:os";
import process from "node:process";
import { parentPort } from "node:worker_threads";
import { argon2id } from "@noble/hashes/argon2.js";
import type { Argon2Cost } from "./phc.ts";

/** The buffer of `password` is transferred, so that there is no copy; it is wiped here. */
export interface PasswordJob {
  readonly password: Uint8Array<ArrayBuffer>;
  readonly salt: Uint8Array;
  readonly cost: Argon2Cost;
  /** Length of the hash in bytes. */
  readonly length: number;
}

/** As `nice -n 10`: on a busy machine messages go first. */
const PRIORITY = 10;

// Only Linux has a priority for each thread (0: the calling one); elsewhere it is the process's.
if (process.platform === "linux") {
  try {
    setPriority(0, PRIORITY);
  } catch {
    // Not permitted: then sign-ins compete with messages.
  }
}

parentPort?.on("message", ({ password, salt, cost, length }: PasswordJob) => {
  const hash = argon2id(password, salt, { ...cost, dkLen: length });
  password.fill(0);
  parentPort?.postMessage(hash);
});
