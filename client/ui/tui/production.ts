/**
 * Has to be imported before Ink. Of the two Reacts, the one for development talks to the console,
 * which is the screen here; and of colours nothing has to be found out, because `style.ts` has them.
 * Both are only to be had by the environment of this process.
 */
import process from "node:process";

process.env["NODE_ENV"] = "production";
process.env["FORCE_COLOR"] = "0";
