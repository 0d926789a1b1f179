/** A message from bob in the room general, as an event. */
import type { EventOf } from "../../client/events.ts";

export function messageEvent(fields: Partial<EventOf<"message">> = {}): EventOf<"message"> {
  return {
    event: "message",
    conversation: "room:general",
    seq: 1,
    id: "01J00000000000000000000001",
    from: "bob",
    text: "hello",
    at: "2026-11-21T14:02:00.000Z",
    ...fields,
  };
}
