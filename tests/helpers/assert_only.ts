import assert from "node:assert/strict";

/** A place in the sources that breaks a rule, and how. */
export type Offence = readonly [place: string, fault: string];

/**
 * Fails for what breaks a rule without being listed, and for what is listed and breaks none: so lists
 * of known offenders only shrink.
 */
export function assertOnly(listed: readonly string[], found: readonly Offence[]): void {
  const places = new Set(found.map(([place]) => place));
  const faults = found.filter(([place]) => !listed.includes(place)).map(([, fault]) => fault);
  assert.deepEqual(faults, []);
  assert.deepEqual(listed.filter((place) => !places.has(place)), [], "These keep the rule: unlist");
}
