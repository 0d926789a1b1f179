/** Messages to store or to send, one for each number. */
import { GENERAL } from "../../protocol/names.ts";
import type { NewMessage } from "../../server/store/messages.ts";

export const AT = 1_800_000_000_000;

/** A valid ULID for each number. */
export function ulidOf(number: number): string {
  return `01J${String(number).padStart(23, "0")}`;
}

export function messageOf(number: number, fields: Partial<NewMessage> = {}): NewMessage {
  return {
    conversation: GENERAL,
    ulid: ulidOf(number),
    from: "ann",
    at: AT + number,
    content: { kind: "text", body: `message ${number}` },
    ...fields,
  };
}
