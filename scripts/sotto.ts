/**
 * Sotto from its sources, with the flags of the executable: what it may not do there, it may not do
 * here.
 *
 *     deno run -A scripts/sotto.ts demo
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { FLAGS } from "./flags.ts";

const MAIN = join(fileURLToPath(new URL("..", import.meta.url)), "main.ts");

const sotto = spawn(process.execPath, ["run", ...FLAGS, MAIN, ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.on("SIGINT", () => {}); // Ctrl-C reaches it by itself; its end is waited for.
process.on("SIGTERM", () => sotto.kill("SIGTERM"));
const [code] = await once(sotto, "close");
process.exit(code ?? 1);
