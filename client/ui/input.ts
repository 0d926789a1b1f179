/**
 * Standard input: lines, keys, and answers to questions, with or without echo. It alone reads the
 * stream, so a question and the chat never take each other's input. It reads no further than its
 * callers ask for.
 */
import type { Readable } from "node:stream";

/** `process.stdin`, or anything like it. */
export interface InputStream extends Readable {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

/** Characters of a line, which is cut there. No command and no message is as long. */
const MOST_LINE = 64 * 1024;
/** Characters of an answer without echo: more than any password may have. */
const MOST_SECRET = 2048;

interface InputOptions {
  readonly stdin: InputStream;
  /** For questions: standard output may be a file. */
  readonly stderr: { write(text: string): unknown };
}

export class Input {
  readonly #options: InputOptions;
  readonly #chunks: AsyncIterator<Uint8Array | string>;
  readonly #decoder = new TextDecoder();
  /** Text that was read and not returned yet. */
  #text = "";
  #ended = false;
  /** The read in progress; resolves with `false` at the end of input. */
  #filling: Promise<boolean> | undefined;
  /** The question that is being answered. Until then only it gets input. */
  #question: Promise<unknown> | undefined;
  readonly #closed = new AbortController();
  readonly #interrupted = new AbortController();

  constructor(options: InputOptions) {
    this.#options = options;
    this.#chunks = options.stdin[Symbol.asyncIterator]();
  }

  /** Whether a user can answer. */
  get isTerminal(): boolean {
    return this.#options.stdin.isTTY === true;
  }

  /** Fires at Ctrl-C in an answer without echo: the terminal sends no signal then. */
  get interrupted(): AbortSignal {
    return this.#interrupted.signal;
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

  /** Text as it arrives, for keys. `undefined` at the end of input, or when the signal fires. */
  async text(signal?: AbortSignal): Promise<string | undefined> {
    if (this.#text === "" && !await this.#more(signal)) return undefined;
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** Raw: keys arrive one by one, without echo. Otherwise lines do. */
  setRaw(raw: boolean): void {
    if (this.isTerminal) this.#options.stdin.setRawMode?.(raw);
  }

  /** Writes a line between questions. */
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

  /** Asks a question whose answer is not echoed. Without a terminal, it reads a line. */
  askSecret(question: string, signal?: AbortSignal): Promise<string | undefined> {
    const { stdin, stderr } = this.#options;
    if (!this.isTerminal || stdin.setRawMode === undefined) return this.line(signal);
    return this.#answer(async () => {
      // Raw first: an answer may come at once, and must not be echoed either.
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

  /** Closes the stream. Every pending read ends. */
  close(): void {
    this.#ended = true;
    // Deno leaves a read of a destroyed pipe pending.
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
      line = (line + this.#text.slice(0, end < 0 ? undefined : end)).slice(0, MOST_LINE);
      this.#text = end < 0 ? "" : this.#text.slice(end + 1);
      if (end >= 0) return line.replace(/\r$/, "");
      if (await this.#more(signal)) continue;
      if (this.#ended) return line === "" ? undefined : line;
      this.#text = line + this.#text; // The signal fired: the next caller gets it.
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
          this.#interrupted.abort();
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
          if (character >= " " && typed.length < MOST_SECRET) typed.push(character);
      }
    }
  }

  /** Skips what a key such as an arrow sends after ESC, in the same chunk. */
  #skipSequence(): void {
    // ECMA-48, section 5.4: CSI, parameters, intermediates, final. SS3 takes one character.
    const [sequence = ""] = /^(?:\[[0-?]*[ -/]*[@-~]|O.)?/.exec(this.#text) ?? [];
    this.#text = this.#text.slice(sequence.length);
  }

  /** Waits for more text; `false` at the end of input, or when the signal fires. */
  async #more(signal: AbortSignal | undefined): Promise<boolean> {
    // A read whose caller gave up is still in progress, and is used again.
    if (!this.#ended) this.#filling ??= this.#fill();
    const signals = signal === undefined ? [] : [signal];
    const stop = AbortSignal.any([this.#closed.signal, ...signals]);
    if (this.#filling === undefined || stop.aborted) return false;
    const { promise: aborted, resolve } = Promise.withResolvers<boolean>();
    const abort = () => resolve(false);
    stop.addEventListener("abort", abort, { once: true });
    const more = await Promise.race([this.#filling, aborted]);
    stop.removeEventListener("abort", abort);
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
