/**
 * Clients whose handshake has not begun yet: they wait for their turn, so that many at once do not
 * delay what goes on on other connections. Bounded; it does not know what a handshake is.
 */
import { assert } from "../assert.ts";

interface AdmissionOptions<Client> {
  /** Resolves when the next may begin. `undefined`: at once. */
  readonly admit: (() => Promise<void>) | undefined;
  readonly begin: (client: Client) => void;
}

/** Clients that wait. One that finds no place asks again, as for any datagram that is lost. */
const PLACES = 256;

export class Admission<Client> {
  readonly #options: AdmissionOptions<Client>;
  #waiting: Client[] = [];
  #isAdmitting = false;

  constructor(options: AdmissionOptions<Client>) {
    this.#options = options;
  }

  /** Begins with this client now or later. `false`: there is no place for it. */
  offer(client: Client): boolean {
    const { admit, begin } = this.#options;
    if (admit === undefined) {
      begin(client);
      return true;
    }
    if (this.#waiting.length >= PLACES) return false;
    this.#waiting.push(client);
    if (!this.#isAdmitting) void this.#admitAll(admit);
    return true;
  }

  /** Forgets those who wait. */
  clear(): void {
    this.#waiting = [];
  }

  async #admitAll(admit: () => Promise<void>): Promise<void> {
    assert(!this.#isAdmitting, "one client is admitted at a time");
    this.#isAdmitting = true;
    while (this.#waiting.length > 0) {
      await admit();
      const client = this.#waiting.shift();
      if (client !== undefined) this.#options.begin(client);
    }
    this.#isAdmitting = false;
  }
}
