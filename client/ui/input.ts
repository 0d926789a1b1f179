/**
 * What a person or a script types: lines, and answers that are not echoed. It owns the input, so
 * that a prompt and the chat never fight for it, and reads no further than it is asked to.
 */
import type { Readable, Writable } from "node:stream";

/** `process.stdin`, or anything like it. */
export interface InputStream extends Readable {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

/** A line of more characters is cut there: no command and no message is that long. */
const LONGEST_LINE = 64 * 1024;
/** An answer without echo; longer than any password may be. */
const LONGEST_SECRET = 2048;

export interface InputOptions {
  readonly stdin: InputStream;
  /** Where questions are put: not among the output, which may go to a file. */
  readonly stderr: Writable;
  /** Ctrl-C, where the terminal does not make a signal of it. */
  readonly onInterrupt: () => void;
}

export class Input {
  readonly #options: InputOptions;
  readonly #chunks: AsyncIterator<Uint8Array | string>;
  readonly #decoder = new TextDecoder();
  #reading: Promise<IteratorResult<Uint8Array | string>> | undefined;
  /** Ends the wait for what is being read: Deno leaves a read of a destroyed pipe pending. */
  #giveUp = () => {};
  #text = "";
  #ended = false;

  constructor(options: InputOptions) {
    this.#options = options;
    this.#chunks = options.stdin[Symbol.asyncIterator]();
  }

  /** Whether there is somebody who can be asked. */
  get isTerminal(): boolean {
    return this.#options.stdin.isTTY === true;
  }

  /** The next line, without its end; `undefined` at the end of input, or when the signal fires. */
  async line(signal?: AbortSignal): Promise<string | undefined> {
    let line = "";
    while (true) {
      const end = this.#text.indexOf("\n");
      line += this.#text.slice(0, end < 0 ? undefined : end);
      line = line.slice(0, LONGEST_LINE);
      this.#text = end < 0 ? "" : this.#text.slice(end + 1);
      if (end >= 0) return line.replace(/\r$/, "");
      if (!await this.#more(signal)) return line === "" ? undefined : line;
    }
  }

  /** Asks a question on the terminal. */
  async ask(question: string, signal?: AbortSignal): Promise<string | undefined> {
    this.#options.stderr.write(question);
    return await this.line(signal);
  }

  /** Asks for what must not be seen: nothing is echoed. Without a terminal it is a line. */
  async askSecret(question: string, signal?: AbortSignal): Promise<string | undefined> {
    const { stdin, stderr } = this.#options;
    if (!this.isTerminal || stdin.setRawMode === undefined) return await this.line(signal);
    // First raw, then the question: who answers it at once is not echoed either.
    stdin.setRawMode(true);
    stderr.write(question);
    try {
      return await this.#secret(signal);
    } finally {
      stdin.setRawMode(false);
      stderr.write("\n");
    }
  }

  /** Lets go of the input. What is being waited for ends. */
  close(): void {
    this.#ended = true;
    this.#giveUp();
    this.#options.stdin.destroy();
  }

  async #secret(signal: AbortSignal | undefined): Promise<string | undefined> {
    const typed: string[] = [];
    while (true) {
      const [character] = this.#text;
      if (character === undefined) {
        if (await this.#more(signal)) continue;
        return undefined;
      }
      this.#text = this.#text.slice(character.length);
      switch (character) {
        case "\r":
        case "\n":
          return typed.join("");
        case "\u0003": // Ctrl-C
          this.#options.onInterrupt();
          return undefined;
        case "\u0004": // Ctrl-D
          if (typed.length === 0) return undefined;
          break;
        case "\u0015": // Ctrl-U
          typed.length = 0;
          break;
        case "\u0008":
        case "\u007f":
          typed.pop();
          break;
        case "\u001b":
          this.#skipSequence();
          break;
        default:
          if (character >= " " && typed.length < LONGEST_SECRET) typed.push(character);
      }
    }
  }

  /** What a key like an arrow sends after ESC; it stands in one chunk with it. */
  #skipSequence(): void {
    // ECMA-48, section 5.4: CSI, parameters, intermediates, final. SS3 takes one character.
    const [sequence = ""] = /^(?:\[[0-?]*[ -/]*[@-~]|O.)?/.exec(this.#text) ?? [];
    this.#text = this.#text.slice(sequence.length);
  }

  /** Reads one more chunk; `false` at the end of input, or when the signal fires. */
  async #more(signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#ended || signal?.aborted) return false;
    // A read that was given up for a signal is still under way, and is taken up again.
    this.#reading ??= this.#chunks.next().catch(() => ({ done: true, value: undefined }));
    const aborted = Promise.withResolvers<undefined>();
    const abort = this.#giveUp = () => aborted.resolve(undefined);
    signal?.addEventListener("abort", abort, { once: true });
    const result = await Promise.race([this.#reading, aborted.promise]);
    signal?.removeEventListener("abort", abort);
    if (result === undefined) return false;
    this.#reading = undefined;
    if (result.done) {
      this.#ended = true;
      this.#text += this.#decoder.decode();
      return this.#text !== "";
    }
    const { value } = result;
    this.#text += typeof value === "string" ? value : this.#decoder.decode(value, { stream: true });
    return true;
  }
}
