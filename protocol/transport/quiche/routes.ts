/** A table from connection IDs to connections, with look-ups that do not allocate. */

interface Route<T> {
  readonly id: Uint8Array;
  readonly target: T;
  /** Another ID with the same key. */
  next: Route<T> | undefined;
}

/**
 * The key of an ID is 30 bits of its first four bytes, which is a small integer in every JavaScript
 * engine. IDs with the same key form a list. The lists stay short: the server's IDs are random, and
 * each connection has at most one that its client chose.
 */
export class Routes<T> {
  readonly #heads = new Map<number, Route<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The target of the ID in `bytes` from `start` to `end`. */
  find(bytes: Uint8Array, start: number, end: number): T | undefined {
    let route = this.#heads.get(keyOf(bytes, start));
    while (route !== undefined && !matches(route.id, bytes, start, end)) route = route.next;
    return route?.target;
  }

  /** All targets, each once. */
  targets(): Set<T> {
    const targets = new Set<T>();
    for (const head of this.#heads.values()) {
      for (let route: Route<T> | undefined = head; route !== undefined; route = route.next) {
        targets.add(route.target);
      }
    }
    return targets;
  }

  /** Adds an ID of at least 4 bytes, which MUST NOT change. Returns `false` if it is in use. */
  add(id: Uint8Array, target: T): boolean {
    if (this.find(id, 0, id.length) !== undefined) return false;
    const key = keyOf(id, 0);
    this.#heads.set(key, { id, target, next: this.#heads.get(key) });
    this.#size++;
    return true;
  }

  delete(id: Uint8Array): void {
    const key = keyOf(id, 0);
    let before: Route<T> | undefined;
    let route = this.#heads.get(key);
    while (route !== undefined && !matches(route.id, id, 0, id.length)) {
      before = route;
      route = route.next;
    }
    if (route === undefined) return;
    this.#size--;
    if (before !== undefined) before.next = route.next;
    else if (route.next !== undefined) this.#heads.set(key, route.next);
    else this.#heads.delete(key);
  }
}

function keyOf(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
  return (high | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 2;
}

function matches(id: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (id.length !== end - start) return false;
  for (let i = 0; i < id.length; i++) {
    if (id[i] !== bytes[start + i]) return false;
  }
  return true;
}
