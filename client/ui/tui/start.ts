/**
 * Loads the interface for terminals and starts it. Import this only when it is used: it brings Ink.
 */
import process from "node:process";
import { systemClock } from "../../../protocol/clock.ts";
import type { Chat } from "../../chat.ts";
import type { Input } from "../input.ts";
import type { State } from "../state.ts";
import type { TerminalOutput } from "./screen.ts";

// Ink's packages read these when they load. React's development build writes to the console, which
// is the screen. Colours need no detection: `style.ts` has them.
process.env["NODE_ENV"] = "production";
process.env["FORCE_COLOR"] = "0";
const { Tui } = await import("./tui.ts");

export interface StartOptions {
  readonly chat: Chat;
  readonly input: Input;
  readonly output: TerminalOutput;
  /** The state so far. */
  readonly state: State;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly leave: () => void;
  /** Takes an unexpected failure. */
  readonly fail: (failure: unknown) => void;
}

/** Takes over the terminal. The caller MUST close it. */
export function startTui(
  { chat, input, output, state, env, leave, fail }: StartOptions,
): InstanceType<typeof Tui> {
  const tui = new Tui({
    input,
    output,
    clock: systemClock,
    style: { colors: (env["NO_COLOR"] ?? "") === "" },
    terminal: { term: env["TERM"] ?? "", program: env["TERM_PROGRAM"] ?? "" },
    state,
    // The chat carries out lines one after another, and reports errors as events.
    type: (line) => void chat.type(line).catch(fail),
    leave,
  });
  tui.open();
  return tui;
}
