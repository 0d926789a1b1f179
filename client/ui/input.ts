/**
 * What a person or a script types: lines, and answers that are not echoed. It owns the input, so
 * that a question and the chat never fight for it, and reads no further than it is asked to.
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
  /** What was read and not taken yet. */
  #text = "";
  #ended = false;
  /** The chunk that is being read, for whoever waits: `false` at the end of input. */
  #filling: Promise<boolean> | undefined;
  /** While a question is being answered, what is typed is for nobody else. */
  #question: Promise<unknown> | undefined;
  readonly #closed = new AbortController();

  constructor(options: InputOptions) {
    this.#options = options;
    this.#chunks = options.stdin[Symbol.asyncIterator]();
  }

  /** Whether there is somebody who can be asked. */
  get isTerminal(): boolean {
    return this.#options.stdin.isTTY === true;
  }

  /** The next line, without its end; `undefined` at the end of input, or when the signal fires. */
  line(signal?: AbortSignal): Promise<string | undefined> {
    return this.#line(() => this.#question, signal);
  }

  /** Everything up to the end of input; `undefined`: that is more than `most` characters. */
  async rest(most: number): Promise<string | undefined> {
    while (this.#text.length <= most && await this.#more(undefined)) {
      // All that was read so far is in #text.
    }
    if (this.#text.length > most) return undefined;
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /**
   * What was typed, as it comes: for an interface that reads keys. `undefined` at the end of input,
   * or when the signal fires.
   */
  async text(signal?: AbortSignal): Promise<string | undefined> {
    if (this.#text === "" && !await this.#more(signal)) return undefined;
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** Whether keys come one by one, without being echoed, or in lines. */
  setRaw(raw: boolean): void {
    if (this.isTerminal) this.#options.stdin.setRawMode?.(raw);
  }

  /** Says something between questions. */
  tell(text: string): void {
    this.#options.stderr.write(`${text}\n`);
  }

  /** Asks a question on the terminal. */
  ask(question: string, signal?: AbortSignal): Promise<string | undefined> {
    return this.#answer(() => {
      this.#options.stderr.write(question);
      return this.#line(() => undefined, signal);
    });
  }

  /** Asks for what must not be seen: nothing is echoed. Without a terminal it is a line. */
  askSecret(question: string, signal?: AbortSignal): Promise<string | undefined> {
    const { stdin, stderr } = this.#options;
    if (!this.isTerminal || stdin.setRawMode === undefined) return this.line(signal);
    return this.#answer(async () => {
      // First raw, then the question: who answers it at once is not echoed either.
      stdin.setRawMode?.(true);
      stderr.write(question);
      try {
        return await this.#secret(signal);
      } finally {
        stdin.setRawMode?.(false);
        stderr.write("\n");
      }
    });
  }

  /** Lets go of the input. What is being waited for ends. */
  close(): void {
    this.#ended = true;
    // Not left to the stream: Deno leaves a read of a destroyed pipe pending.
    this.#closed.abort();
    this.#options.stdin.destroy();
  }

  /** One question at a time. */
  async #answer<T>(ask: () => Promise<T>): Promise<T> {
    while (this.#question !== undefined) await this.#question;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#question = promise;
    try {
      return await ask();
    } finally {
      this.#question = undefined;
      resolve();
    }
  }

  async #line(
    before: () => Promise<unknown> | undefined,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    let line = "";
    while (true) {
      for (let wait; (wait = before()) !== undefined;) await wait;
      const end = this.#text.indexOf("\n");
      line = (line + this.#text.slice(0, end < 0 ? undefined : end)).slice(0, LONGEST_LINE);
      this.#text = end < 0 ? "" : this.#text.slice(end + 1);
      if (end >= 0) return line.replace(/\r$/, "");
      if (await this.#more(signal)) continue;
      if (this.#ended) return line === "" ? undefined : line;
      this.#text = line + this.#text; // Given up; it is for the next one who asks.
      return undefined;
    }
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

  /** Waits for more text; `false` at the end of input, or when the signal fires. */
  async #more(signal: AbortSignal | undefined): Promise<boolean> {
    // A read that was given up for a signal is still under way, and is taken up again.
    if (!this.#ended) this.#filling ??= this.#fill();
    const signals = signal === undefined ? [] : [signal];
    const given = AbortSignal.any([this.#closed.signal, ...signals]);
    if (this.#filling === undefined || given.aborted) return false;
    const { promise: aborted, resolve } = Promise.withResolvers<boolean>();
    const abort = () => resolve(false);
    given.addEventListener("abort", abort, { once: true });
    const more = await Promise.race([this.#filling, aborted]);
    given.removeEventListener("abort", abort);
    return more;
  }

  /** Reads one chunk. */
  async #fill(): Promise<boolean> {
    const result = await this.#chunks.next().catch(() => ({ done: true, value: "" }));
    this.#filling = undefined;
    this.#ended ||= result.done === true;
    if (this.#ended) this.#text += this.#decoder.decode();
    else if (typeof result.value === "string") this.#text += result.value;
    else this.#text += this.#decoder.decode(result.value, { stream: true });
    return !this.#ended || this.#text !== "";
  }
}
