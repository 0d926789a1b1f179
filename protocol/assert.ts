/** Invariants, checked at run time. A failure is a fault of this program, never of a peer. */

/** Throws when the invariant does not hold. `invariant` says what must be true. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`Broken invariant: ${invariant}`);
}
