/** Faults to plant: what is bounded grows, and places are deleted wrongly. `planted.ts` lists them. */
import type { Planted } from "./plant.ts";

export const DELETIONS: readonly Planted[] = [
  {
    name: "a message for a place that was deleted is acknowledged",
    file: "server/store/messages.ts",
    text: "if (next === undefined) return undefined;",
    fault:
      "if (next === undefined) return { conversation, seq: 1, at: message.at, stored: false };",
  },
  {
    name: "a room deleted while others are in it",
    file: "server/services/rooms.ts",
    text: "if (members.size === 0) return;",
    fault: "return;",
  },
  {
    name: "numbers begin anew in a place of a deleted one's name",
    file: "server/store/rooms.ts",
    text: 'this.#sql.freeId.run(conversation, integer(deleted, "seq"));',
    fault: "this.#sql.freeId.run(conversation, 0);",
  },
];

export const BOUNDS: readonly Planted[] = [
  {
    name: "an outbox without a bound",
    file: "server/outbox.ts",
    text: "if (this.#heldBytes + frames.length > this.#options.limit) {",
    fault: "if (this.#heldBytes + frames.length > 1e9) {",
  },
  {
    name: "messages that wait to be stored without a bound",
    file: "server/services/delivery.ts",
    text: "if (displaced === undefined) return false;",
    fault: "if (displaced === undefined) return true;",
  },
  {
    name: "transfers without a bound",
    file: "server/services/transfer_slots.ts",
    text: "if (this.#held.size >= this.#limits.transfers) this.#makeRoom(owner);",
    fault: "",
  },
  {
    name: "transfers of a client, and of its session, without a bound",
    file: "server/services/transfer_slots.ts",
    text: "if (this.count(owner) >= LIMITS.transfers) {",
    fault: "if (this.count(owner) >= 1e9) {",
    also: [{
      file: "client/files/transfers.ts",
      text: "const MAX_ACTIVE = 3;",
      fault: "const MAX_ACTIVE = 1e9;",
    }],
  },
  {
    name: "unsent messages without a bound",
    file: "client/messages/send_queue.ts",
    text: "return this.#waiting.size < this.#limits.messages;",
    fault: "return true;",
  },
];
