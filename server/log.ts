/**
 * The server's log: one line for each event, on stderr, as text or JSON. An event has a fixed name
 * and named values: no sentence is made of what a client sent.
 *
 * Callers give it names, addresses, codes and counts, never messages, passwords or tokens. Values are
 * made safe: characters that a terminal acts on are escaped.
 */
import process from "node:process";
import { safeJson } from "../protocol/safe_text.ts";

/** `trace` has no lines of its own: it allows a key log (`config.ts`). */
export const LOG_LEVELS = ["error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

type LogValue = string | number | boolean | undefined;
type LogFields = Readonly<Record<string, LogValue>>;

export interface Logger {
  error(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
  /** Whether a level is written at all; ask before collecting what is costly to collect. */
  writes(level: LogLevel): boolean;
}

interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly now?: () => number;
  /** Takes a line without its line feed. Default: stderr. */
  readonly write?: (line: string) => void;
}

export function makeLogger(options: LogOptions): Logger {
  const { level, format, now = Date.now } = options;
  const write = options.write ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const highest = LOG_LEVELS.indexOf(level);
  const render = format === "json" ? renderJson : renderText;

  const at = (level: LogLevel) => {
    if (LOG_LEVELS.indexOf(level) > highest) return () => {};
    return (event: string, fields: LogFields = {}) => {
      write(render(new Date(now()).toISOString(), level, event, fields));
    };
  };
  return {
    error: at("error"),
    warn: at("warn"),
    info: at("info"),
    debug: at("debug"),
    writes: (level) => LOG_LEVELS.indexOf(level) <= highest,
  };
}

/** A logger that writes nothing. */
export const SILENT: Logger = makeLogger({ level: "error", format: "text", write: () => {} });

/** What went wrong, in words fit for the log. */
export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function renderText(time: string, level: LogLevel, event: string, fields: LogFields): string {
  let line = `${time} ${level.padEnd(5)} ${event}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${name}=${textValue(value)}`;
  }
  return line;
}

function textValue(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  return /^[\w.:/+@\[\]-]+$/.test(value) ? value : safeJson(value);
}

function renderJson(time: string, level: LogLevel, event: string, fields: LogFields): string {
  return safeJson({ time, level, event, ...fields });
}
