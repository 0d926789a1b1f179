/** The server in a process of its own, for a machine of its own. It stops when its input ends. */
import process from "node:process";
import { serve } from "./serve.ts";

const { served, stop } = await serve(JSON.parse(process.argv[2] ?? ""));
process.stdout.write(`${JSON.stringify(served)}\n`);
process.stdin.on("end", () => void stop()).resume();
