/**
 * What a client tells those who look into a connection (`--log-level debug`): named events with
 * named values, never what people write, and no secrets.
 */
import type { Writable } from "node:stream";
import { safeLabel } from "../../protocol/safe_text.ts";

export type LogValue = string | number | boolean | undefined;

/** Takes one event. */
export type Log = (event: string, fields: Readonly<Record<string, LogValue>>) => void;

/** A line for each event. */
export function debugLog(stderr: Writable): Log {
  return (event, fields) => {
    const values = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` ${name}=${JSON.stringify(safeLabel(String(value), 200))}`);
    stderr.write(`${new Date().toISOString()} debug ${event}${values.join("")}\n`);
  };
}
