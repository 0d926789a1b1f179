/** What happened in a run, and a digest of it: equal digests are equal runs. */
import { createHash, type Hash } from "node:crypto";

/** Lines that are kept unless all are. */
const KEPT = 400;

export class Trace {
  readonly #hash: Hash = createHash("sha256");
  readonly #keepAll: boolean;
  #lines: string[] = [];

  constructor(keepAll: boolean) {
    this.#keepAll = keepAll;
  }

  note(at: number, what: string): void {
    const line = `${at.toFixed(3)} ${what}`;
    this.#hash.update(line);
    this.#lines.push(line);
    if (!this.#keepAll && this.#lines.length > 2 * KEPT) this.#lines = this.#lines.slice(-KEPT);
  }

  /** The last lines, or all of them. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  digest(): string {
    return this.#hash.copy().digest("hex").slice(0, 16);
  }
}
