/**
 * Runs a client line by line: each line of input is carried out, and each event is written once, as
 * text or as JSON.
 */
import process from "node:process";
import type { Writable } from "node:stream";
import { safeJson } from "../../protocol/safe_text.ts";
import type { Chat } from "../chat.ts";
import type { Ending } from "../ending.ts";
import type { ChatEvent } from "../events.ts";
import type { Input } from "../ui/input.ts";
import { PlainView } from "../ui/plain.ts";

interface RunInLinesOptions {
  readonly chat: Chat;
  readonly input: Input;
  readonly stdout: LineOutput;
  readonly format: "plain" | "json";
}

/** `process.stdout`, or anything like it. */
type LineOutput = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Of a terminal that does not say how wide it is. */
export const DEFAULT_COLUMNS = 80;

/** Milliseconds without progress after which the client no longer waits at the end of its input. */
const DRAIN_TIMEOUT = 30_000;

/** The first signal leaves in good order. The second one ends the process. */
export async function runInLines(
  { chat, input, stdout, format }: RunInLinesOptions,
): Promise<Ending> {
  const leave = () => void chat.leave();
  const output = writeEvents(chat.events, viewOf(format, input.isTerminal, stdout), stdout);
  const typed = readLines(chat, input);
  // The output is closed, or a failure is thrown below.
  output.then(leave, leave);
  typed.catch(leave);
  process.once("SIGINT", leave);
  process.once("SIGTERM", leave);
  try {
    const ending = await chat.ended;
    await output;
    input.close();
    await typed;
    return ending;
  } finally {
    process.off("SIGINT", leave);
    process.off("SIGTERM", leave);
  }
}

/** Carries out each line. At the end of input, leaves when everything is done. */
async function readLines(chat: Chat, input: Input): Promise<void> {
  await chat.signedIn;
  for (let line; (line = await input.line()) !== undefined;) {
    await chat.room();
    await chat.type(line);
  }
  await chat.drain(DRAIN_TIMEOUT);
  await chat.leave();
}

/** Makes the lines of each event. */
function viewOf(
  format: "plain" | "json",
  echoed: boolean,
  stdout: LineOutput,
): (event: ChatEvent) => string[] {
  if (format === "json") return (event) => [safeJson(event)];
  // In a pipe a message is one line.
  const columns = stdout.isTTY ? () => stdout.columns || DEFAULT_COLUMNS : undefined;
  const view = new PlainView({ now: () => Date.now(), echoed, columns });
  return (event) => view.show(event);
}

async function writeEvents(
  events: AsyncIterable<ChatEvent>,
  linesOf: (event: ChatEvent) => string[],
  stdout: Writable,
): Promise<void> {
  for await (const event of events) {
    if (!await writeLines(stdout, linesOf(event))) return;
  }
}

/** Resolves when the stream can take more; `false`: it is closed. */
export async function writeLines(stdout: Writable, lines: readonly string[]): Promise<boolean> {
  if (lines.length === 0) return true;
  const text = lines.map((line) => `${line}\n`).join("");
  return await new Promise((resolve) => stdout.write(text, (failure) => resolve(!failure)));
}
