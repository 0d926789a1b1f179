/** What is made of randomness and counting: fractions for waits, IDs of messages, short numbers. */
import { monotonicFactory } from "ulid";
import type { Clock } from "../../protocol/clock.ts";

/** Numbers from 0 up to, but not including, 1. */
export function randomFractions(random: (length: number) => Uint8Array): () => number {
  return () => new DataView(random(4).buffer).getUint32(0) / 2 ** 32;
}

/** IDs for messages: in order, also within one millisecond. */
export function ulidGenerator(clock: Pick<Clock, "time">, fraction: () => number): () => string {
  const next = monotonicFactory(fraction);
  return () => next(clock.time());
}

/** 1, 2, 3… */
export function counter(): () => number {
  let count = 0;
  return () => ++count;
}
