/** The interface for terminals, with keys that a test presses and an output that it reads. */
import { Writable } from "node:stream";
import type { ChatEvent } from "../../client/events.ts";
import { INITIAL, reduce } from "../../client/ui/state.ts";
import { Tui } from "../../client/ui/tui/tui.ts";
import { FakeClock } from "./fake_clock.ts";

class Output extends Writable {
  columns = 80;
  rows = 24;
  /** Each piece as it was written. */
  pieces: string[] = [];

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.pieces.push(new TextDecoder().decode(chunk));
    done();
  }
}

export const CONNECTED: ChatEvent = {
  event: "connected",
  transport: "quic",
  address: "localhost:4433",
  pin: "SHA256:",
  version: 1,
  resumed: false,
};

export class TestTui implements Disposable {
  readonly clock = new FakeClock();
  readonly output = new Output();
  readonly typed: string[] = [];
  left = 0;
  raw: boolean[] = [];
  readonly tui: Tui;
  #keys: ((text: string | undefined) => void) | undefined;

  constructor() {
    this.tui = new Tui({
      input: {
        text: () => new Promise((resolve) => this.#keys = resolve),
        setRaw: (raw) => void this.raw.push(raw),
      },
      output: this.output,
      clock: this.clock,
      style: { colors: false },
      terminal: { term: "xterm", program: "" },
      state: reduce(INITIAL, CONNECTED),
      type: (line) => void this.typed.push(line),
      leave: () => void this.left++,
    });
    this.tui.open();
    void this.tui.read();
  }

  /** Presses keys, as the terminal sends them. */
  async keys(text: string): Promise<void> {
    this.#keys?.(text);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  /** Presses keys, and returns what was written. */
  async press(text: string): Promise<string> {
    await this.keys(text);
    return this.take();
  }

  /** Shows events, and returns what was written. */
  async show(...events: ChatEvent[]): Promise<string> {
    for (const event of events) await this.tui.show(event);
    await this.clock.pass(50);
    return this.take();
  }

  /** What was written since the last look, without colours and weights. */
  take(): string {
    // deno-lint-ignore no-control-regex -- escape sequences are what it takes away
    return this.takePieces().join("").replaceAll(/\u001b\[\d+m/g, "");
  }

  /** The same as it was written, piece by piece. */
  takePieces(): string[] {
    const { pieces } = this.output;
    this.output.pieces = [];
    return pieces;
  }

  [Symbol.dispose](): void {
    this.tui.close();
    this.#keys?.(undefined);
  }
}
