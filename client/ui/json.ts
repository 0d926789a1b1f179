/**
 * Events for programs: one JSON object a line, with the fields of `events.ts` as they stand there.
 */
import { safeJson } from "../../protocol/safe_text.ts";
import type { ChatEvent } from "../events.ts";

/** The line, without its line feed. A terminal that shows it is not acted on. */
export function jsonLine(event: ChatEvent): string {
  return safeJson(JSON.stringify(event));
}
