/** The password thread, but the passwords `crash`, `exit` and `hang` do what they say. */
import process from "node:process";
import { parentPort } from "node:worker_threads";
import { argon2id } from "@noble/hashes/argon2.js";
import type { PasswordJob } from "../../server/services/password_worker.ts";

parentPort?.on("message", ({ password, salt, cost, length }: PasswordJob) => {
  const text = new TextDecoder().decode(password);
  if (text === "crash") throw new Error("asked to");
  if (text === "exit") process.exit(3);
  while (text === "hang");
  parentPort?.postMessage(argon2id(password, salt, { ...cost, dkLen: length }));
});
