/** The IDs of messages that the store has taken, also of those in places that are gone. */

interface Result {
  readonly stored: boolean;
}

export class StoredIds {
  readonly #stored = new Set<string>();
  /** Nobody was told whether they were stored. */
  readonly #doubtful = new Set<string>();

  mayHave(id: string): boolean {
    return this.#stored.has(id) || this.#doubtful.has(id);
  }

  /** A batch is being stored. Call what it returns with the results, if there are any. */
  begin(batch: readonly { readonly ulid: string }[]) {
    const known = batch.map(({ ulid }) => this.#doubtful.has(ulid));
    for (const { ulid } of batch) this.#doubtful.add(ulid);
    return (results: readonly (Result | undefined)[]) => {
      for (const [index, { ulid }] of batch.entries()) {
        const isStored = results[index]?.stored === true;
        if (isStored) this.#stored.add(ulid);
        if (isStored || known[index] !== true) this.#doubtful.delete(ulid);
      }
    };
  }
}
