/**
 * What a client's engine notices of a server that may have been restarted: it sends something every
 * other second, and takes silence, or the answer that strangers get, for a sign.
 */
import type { Process } from "./world.ts";

/** Milliseconds between two keep-alives, and for an answer. */
const KEEP_ALIVE = 2_000;
const ANSWER = 1_000;

interface SignsOptions {
  readonly process: Process;
  /** Whether the connection is open. */
  readonly isOpen: () => boolean;
  /** Sends something that has to be answered. */
  readonly ask: () => void;
  /** Milliseconds until a server that does not know the connection answers; `undefined`: none does. */
  readonly strangersAnswer: () => number | undefined;
}

export class Signs {
  readonly #options: SignsOptions;
  #heardAt: number;
  #seen = Promise.withResolvers<void>();

  constructor(options: SignsOptions) {
    this.#options = options;
    this.#heardAt = options.process.now();
    this.#keepAlive();
  }

  /** Milliseconds since anything came. */
  get silence(): number {
    return this.#options.process.now() - this.#heardAt;
  }

  heard(): void {
    this.#heardAt = this.#options.process.now();
  }

  /** Resolves at the next sign. */
  next(): Promise<void> {
    return this.#seen.promise;
  }

  /** There is a sign, which proves nothing. */
  see(): void {
    this.#seen.resolve();
    this.#seen = Promise.withResolvers();
  }

  #keepAlive(): void {
    const { process, isOpen, ask, strangersAnswer } = this.#options;
    if (!isOpen()) return;
    const asked = process.now();
    const isSilent = () => isOpen() && this.#heardAt <= asked;
    ask();
    const soon = strangersAnswer();
    if (soon !== undefined) process.after(soon, () => isSilent() && this.see());
    process.after(ANSWER, () => isSilent() && this.see());
    process.after(KEEP_ALIVE, () => this.#keepAlive());
  }
}
