/**
 * Standard error of a program. A terminal shows it on the same screen as standard output, so while
 * the interface draws there, it gets each line and writes it above its rows. A file gets every line.
 */

/** `process.stderr`, or anything like it. */
export interface ErrorStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class StandardError {
  readonly #stream: ErrorStream;
  #show: ((line: string) => void) | undefined;

  constructor(stream: ErrorStream) {
    this.#stream = stream;
  }

  /** Writes lines, each with its end. */
  write(text: string): void {
    const show = this.#show;
    if (show === undefined) this.#stream.write(text);
    else for (const line of text.replace(/\n$/, "").split("\n")) show(line);
  }

  /** From now on `show` gets what would be written on a terminal. `undefined`: the terminal again. */
  divert(show: ((line: string) => void) | undefined): void {
    if (this.#stream.isTTY === true) this.#show = show;
  }
}
