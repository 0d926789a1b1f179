/**
 * Runs Sotto from its sources with the flags, and so the permissions, of the executable.
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
process.on("SIGINT", () => {}); // The terminal sends Ctrl-C to it too. Wait until it ends.
process.on("SIGTERM", () => sotto.kill("SIGTERM"));
const [code] = await once(sotto, "close");
process.exit(code ?? 1);
