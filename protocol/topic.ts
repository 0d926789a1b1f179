/** What the topic of a room or group may be. Both ends check it. Pure. */
import { LIMITS } from "./limits.ts";

/** Control characters, and what ends a line. */
const NOT_ONE_LINE = /[\p{Cc}\u2028\u2029]/u;

/** Why a text cannot be a topic, and what to do; `undefined` if it can. */
export function faultOfTopic(topic: string): string | undefined {
  if (NOT_ONE_LINE.test(topic)) {
    return "A topic has no control characters (such as escape or tab) and no line breaks. " +
      "Remove them.";
  }
  const size = new TextEncoder().encode(topic).length;
  if (size <= LIMITS.topic) return undefined;
  return `A topic has at most ${LIMITS.topic} bytes, and this one has ${size}. Shorten it.`;
}
