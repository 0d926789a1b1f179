/**
 * What a client writes for people who examine a connection (`--log-level debug`): named events with
 * named values. No messages, no secrets.
 */
import { safeLabel } from "../protocol/safe_text.ts";

/** Takes one event. */
export type Log = (event: string, fields: Readonly<Record<string, LogValue>>) => void;

type LogValue = string | number | boolean | undefined;

/** Writes a line for each event. */
export function debugLog(output: { write(text: string): void }): Log {
  return (event, fields) => {
    const values = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` ${name}=${JSON.stringify(safeLabel(String(value), 200))}`);
    output.write(`${new Date().toISOString()} debug ${event}${values.join("")}\n`);
  };
}
