/**
 * Reads what is typed and shows what happens, until it is over: line by line, or in the interface
 * for terminals, which begins when somebody has signed in.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import type { Writable } from "node:stream";
import type { Chat } from "../chat.ts";
import type { ChatEvent } from "../events.ts";
import type { Ending } from "../ending.ts";
import { INITIAL, reduce } from "../ui/state.ts";
import type { Input } from "../ui/input.ts";
import { jsonLine } from "../ui/json.ts";
import { PlainView } from "../ui/plain.ts";
import type { PromptRelay } from "../ui/prompt_relay.ts";
import type { Tui } from "../ui/tui/tui.ts";

/** At the end of input: how long what was said may take to be acknowledged. */
const DRAIN = 30_000;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface InteractOptions {
  readonly chat: Chat;
  readonly input: Input;
  readonly stdout: Writable;
}

/** Line by line, each written once. The first signal leaves in good order; the next one ends it. */
export async function interactInLines(
  { chat, input, stdout }: InteractOptions,
  ui: "plain" | "json",
): Promise<Ending> {
  const show = viewOf(ui, input.isTerminal);
  const output = (async () => {
    for await (const event of chat.events) {
      for (const line of show(event)) if (!await write(stdout, `${line}\n`)) return;
    }
  })();
  const typed = typeLines(chat, input);
  // Nobody reads the output any more, or something failed here, which is thrown below.
  const leave = () => void chat.leave();
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

/** What makes the lines for each event. */
function viewOf(ui: "plain" | "json", echoed: boolean): (event: ChatEvent) => string[] {
  if (ui === "json") return (event) => [jsonLine(event)];
  const view = new PlainView(INITIAL, { now: () => Date.now(), echoed });
  return (event) => view.show(event);
}

/** Hands on line after line; at the end of input, leaves when what was said is stored. */
async function typeLines(chat: Chat, input: Input): Promise<void> {
  await chat.signedIn;
  for (let line; (line = await input.line()) !== undefined;) {
    await chat.room();
    await chat.type(line);
  }
  await chat.drain(DRAIN);
  await chat.leave();
}

export interface TuiOptions extends InteractOptions {
  readonly relay: PromptRelay;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * In the interface for terminals. The first Ctrl-C or signal leaves in good order, the second at
 * once; either way the terminal is left as it was.
 */
export async function interactInTui(
  { chat, input, stdout, relay, env }: TuiOptions,
): Promise<Ending> {
  // It is loaded while the server is being dialled.
  const loading = import("../ui/tui/start.ts");
  loading.catch(() => {}); // Thrown where it is needed.
  const over = Promise.withResolvers<Ending>();
  let isLeaving = false;
  const leave = () => {
    if (isLeaving) over.resolve({ code: "unsent", message: "Left at once." });
    isLeaving = true;
    void chat.leave();
  };
  const before = new PlainView(INITIAL, { now: () => Date.now(), echoed: true });
  let state = INITIAL;
  let tui: Tui | undefined;
  // For when this process ends in another way than through here.
  const farewell = () => void writeSync(1, tui?.restoreSequence() ?? "");
  const output = (async () => {
    for await (const event of chat.events) {
      if (tui === undefined && event.event === "authenticated") {
        const { startTui } = await loading;
        tui = startTui({ chat, input, output: stdout, state, env, leave, fail: over.reject });
        relay.by = tui.prompts;
        tui.read().then(leave, over.reject);
      }
      state = reduce(state, event);
      if (tui === undefined) {
        for (const line of before.show(event)) if (!await write(stdout, `${line}\n`)) return;
      } else if (!await tui.show(event)) return;
    }
  })();
  output.then(() => chat.leave(), over.reject);
  for (const signal of SIGNALS) process.on(signal, leave);
  process.on("exit", farewell);
  process.on("uncaughtExceptionMonitor", farewell);
  try {
    return await Promise.race([
      chat.ended.then((ending) => output.then(() => ending)),
      over.promise,
    ]);
  } finally {
    tui?.close();
    input.close();
    for (const signal of SIGNALS) process.off(signal, leave);
    process.off("exit", farewell);
    process.off("uncaughtExceptionMonitor", farewell);
  }
}

/** Resolves when the stream takes more; `false`: nobody reads it any more. */
function write(stream: Writable, text: string): Promise<boolean> {
  return new Promise((resolve) => stream.write(text, (failure) => resolve(!failure)));
}
