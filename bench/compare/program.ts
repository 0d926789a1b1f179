/**
 * The parts of the comparison that run in a process of their own, in a network namespace:
 * `program.ts server|measure|relay SETTINGS`. Each prints one line of JSON. The server and the relay
 * stop when their input ends.
 */
import process from "node:process";
import { measureBothTransports } from "./both_transports.ts";
import { startRelay } from "./relay.ts";
import { serve } from "./serve.ts";

const [role, settings = ""] = process.argv.slice(2);
switch (role) {
  case "server": {
    const { info, stop } = await serve(JSON.parse(settings));
    print(info);
    onEndOfInput(stop);
    break;
  }
  case "measure": {
    const { server, amount } = JSON.parse(settings);
    print(await measureBothTransports(server, amount));
    break;
  }
  case "relay": {
    const stop = await startRelay(JSON.parse(settings));
    print("ready");
    onEndOfInput(stop);
    break;
  }
  default:
    throw new Error(`Unknown role: ${role}`);
}

function print(output: unknown): void {
  process.stdout.write(`${JSON.stringify(output)}\n`);
}

function onEndOfInput(stop: () => unknown): void {
  process.stdin.on("end", () => void stop()).resume();
}
