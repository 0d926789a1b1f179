/**
 * Starts the interface on a terminal, and ends with it. Loaded only when it is used: it brings Ink.
 */
import "./production.ts";
import { systemClock } from "../../../protocol/clock.ts";
import type { Chat } from "../../chat.ts";
import type { State } from "../state.ts";
import type { Input } from "../input.ts";
import type { TerminalOutput } from "./screen.ts";
import { Tui } from "./tui.ts";

export interface StartOptions {
  readonly chat: Chat;
  readonly input: Input;
  readonly output: TerminalOutput;
  /** What is known already. */
  readonly state: State;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly leave: () => void;
  /** Something is broken here. */
  readonly fail: (failure: unknown) => void;
}

/** Takes the terminal. Whoever starts it MUST close it. */
export function startTui({ chat, input, output, state, env, leave, fail }: StartOptions): Tui {
  const tui = new Tui({
    input,
    output,
    clock: systemClock,
    style: { colors: (env["NO_COLOR"] ?? "") === "" },
    terminal: { term: env["TERM"] ?? "", program: env["TERM_PROGRAM"] ?? "" },
    state,
    // Carried out one after the other; what cannot be done is told as an event.
    type: (line) => void chat.type(line).catch(fail),
    leave,
  });
  tui.open();
  return tui;
}
