/** How a client ended: the code that decides its exit code, and a sentence for the user. */

export type EndCode =
  | "left" // The user left, and nothing is unfinished.
  | "unsent" // The user left before every message was stored.
  | "unfinished" // The user left before every file was transferred.
  | "no_connection" // No server answered, or it speaks another protocol.
  | "not_let_in"
  | "key_changed"
  | "untrusted" // The server is unknown, and the user did not trust it.
  | "failed";

export interface Ending {
  readonly code: EndCode;
  /** May repeat what the server said: not trusted. */
  readonly message: string;
}

interface Unfinished {
  /** Messages that are not acknowledged. */
  readonly unsent: number;
  /** Files that are not transferred. */
  readonly unfinished: number;
}

/** The ending for a user who leaves. */
export function endingOf({ unsent, unfinished }: Unfinished): Ending {
  const advice = "Send or accept again to continue.";
  if (unsent > 0) {
    const files = unfinished === 0
      ? "."
      : `; ${filesText(unfinished)} not transferred completely. ${advice}`;
    return { code: "unsent", message: `Left; ${countOf(unsent)} could not be sent${files}` };
  }
  if (unfinished === 0) return { code: "left", message: "Left." };
  return {
    code: "unfinished",
    message: `Left; ${filesText(unfinished)} not transferred completely. ${advice}`,
  };
}

/** `1 message`, `2 messages`. */
export function countOf(messages: number): string {
  return messages === 1 ? "1 message" : `${messages} messages`;
}

function filesText(files: number): string {
  return files === 1 ? "1 file was" : `${files} files were`;
}
