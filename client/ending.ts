/** How it ends for those who leave, in words: what they leave behind is told. Pure. */
import type { Ending } from "./session/reconnecting_session.ts";

export interface LeftBehind {
  /** Messages that are not acknowledged. */
  readonly unsent: number;
  /** Files that are not across. */
  readonly unfinished: number;
}

export function endingOf({ unsent, unfinished }: LeftBehind): Ending {
  const again = "Send or accept again, to go on.";
  if (unsent > 0) {
    const also = unfinished === 0 ? "" : `; ${filesText(unfinished)} not across. ${again}`;
    return { code: "unsent", message: `Left; ${countOf(unsent)} could not be sent${also || "."}` };
  }
  if (unfinished === 0) return { code: "left", message: "Left." };
  return { code: "unfinished", message: `Left; ${filesText(unfinished)} not across. ${again}` };
}

/** `1 message`, `2 messages`. */
export function countOf(messages: number): string {
  return messages === 1 ? "1 message" : `${messages} messages`;
}

function filesText(files: number): string {
  return files === 1 ? "1 file is" : `${files} files are`;
}
