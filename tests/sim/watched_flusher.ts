/** Flushes the outboxes of a server, and knows how much they hold. */
import { Flusher, type Outbox } from "../../server/outbox.ts";

export class WatchedFlusher extends Flusher {
  readonly #holding = new Set<Outbox>();

  override add(outbox: Outbox): void {
    this.#holding.add(outbox);
    super.add(outbox);
  }

  /** Bytes in the outbox that holds most. */
  get most(): number {
    let most = 0;
    for (const outbox of this.#holding) {
      if (outbox.held === 0) this.#holding.delete(outbox);
      most = Math.max(most, outbox.held);
    }
    return most;
  }
}
