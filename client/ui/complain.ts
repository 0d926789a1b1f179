/** What went wrong, for whoever started the program: on standard error, whoever wrote the words. */
import type { Writable } from "node:stream";
import { safeText } from "../../protocol/safe_text.ts";

/** Takes a text of one line or more. */
export type Complain = (text: string) => void;

export function complainTo(stderr: Writable): Complain {
  return (text) => {
    const lines = text.split("\n").map((line) => safeText(line));
    stderr.write(`sotto: ${lines.join("\n  ")}\n`);
  };
}
