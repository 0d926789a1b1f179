/**
 * A program: hashes a password in its thread, says so, and waits for the end of its input. What the
 * thread may do depends on the program's permissions.
 */
import process from "node:process";
import { systemClock } from "../../protocol/clock.ts";
import { startPasswords } from "../../server/services/passwords.ts";

const CHEAP = { m: 8, t: 1, p: 1 };

await using passwords = startPasswords({ cost: CHEAP, threads: 1 });
await passwords.hash("secret", {
  address: "192.0.2.1",
  gone: new AbortController().signal,
  since: systemClock.now(),
  admit: () => true,
});
console.log("hashed");
for await (const _ of process.stdin);
