/** Those who measure, in a process of their own, for a machine of its own. */
import process from "node:process";
import { measureBothWays } from "./both_ways.ts";

const { served, amount } = JSON.parse(process.argv[2] ?? "");
process.stdout.write(`${JSON.stringify(await measureBothWays(served, amount))}\n`);
