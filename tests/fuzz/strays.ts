/** Errors that nobody has caught, while this is in scope: each would have ended the program. */

export class Strays implements Disposable {
  /** Rejects some time after the first. */
  readonly hang: Promise<never>;
  readonly #fail: (error: unknown) => void;
  readonly #aftermath: number;
  #error: Error | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Milliseconds from such an error until what waits for its consequences has failed by itself. */
  constructor(aftermath: number) {
    this.#aftermath = aftermath;
    const { promise, reject } = Promise.withResolvers<never>();
    this.hang = promise;
    this.#fail = reject;
    promise.catch(() => {});
    globalThis.addEventListener("error", this.#onError);
    globalThis.addEventListener("unhandledrejection", this.#onRejection);
  }

  /** Throws the first since the last call, if there is one. */
  check(): void {
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    globalThis.removeEventListener("error", this.#onError);
    globalThis.removeEventListener("unhandledrejection", this.#onRejection);
  }

  readonly #onError = (event: ErrorEvent): void => this.#take(event, event.error);
  readonly #onRejection = (event: PromiseRejectionEvent): void => this.#take(event, event.reason);

  #take(event: Event, cause: unknown): void {
    event.preventDefault();
    const error = new Error(`Nobody has caught: ${cause}`, { cause });
    this.#error ??= error;
    this.#timer ??= setTimeout(() => this.#fail(error), this.#aftermath);
  }
}
