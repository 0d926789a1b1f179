/** How many uploads and downloads there may be at once: for each session, and for all of them. */
import { assert } from "../../protocol/assert.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { SignedInSession } from "./signed_in_session.ts";

export class TransferSlots {
  readonly #limit: number;
  readonly #taken = new Map<SignedInSession, number>();
  #count = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  /** `limit`: for all sessions together. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes a slot until it is disposed of. Throws `busy`. */
  take(session: SignedInSession): Disposable {
    const own = this.#taken.get(session) ?? 0;
    if (own >= LIMITS.transfers) {
      const message =
        `${LIMITS.transfers} files are on their way already: wait until one has arrived.`;
      throw new ProtocolError("busy", message);
    }
    if (this.#count >= this.#limit) throw new ProtocolError("busy");
    this.#taken.set(session, own + 1);
    this.#count++;
    return { [Symbol.dispose]: () => this.#release(session) };
  }

  /** Resolves when no slot is taken. */
  idle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  #release(session: SignedInSession): void {
    const own = this.#taken.get(session);
    assert(own !== undefined && this.#count > 0, "a slot that is released was taken");
    if (own > 1) this.#taken.set(session, own - 1);
    else this.#taken.delete(session);
    this.#count--;
    if (this.#count > 0) return;
    assert(this.#taken.size === 0, "the slots of all sessions add up to the count");
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}
