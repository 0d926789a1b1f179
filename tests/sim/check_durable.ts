/**
 * What clients have been told is stored, whenever the server has started: also after a power cut, and
 * before anyone sends anything again.
 */
import type { Store } from "../../server/store/store.ts";
import type { Memberships } from "./memberships.ts";
import type { SimClient } from "./sim_client.ts";

/** More messages than there are. */
const ALL = 100_000;

export async function checkDurable(
  { messages }: Pick<Store, "messages">,
  clients: readonly SimClient[],
  memberships: Memberships,
): Promise<string[]> {
  const told = toldTo(clients);
  const lost: string[] = [];
  for (const [conversation, ids] of told) {
    for (const { seq, ulid } of await messages.history(conversation, 0, ALL)) {
      if (ids.get(seq) === ulid) ids.delete(seq);
    }
    for (const [seq, id] of ids) {
      if (memberships.isGone(conversation, seq)) continue;
      lost.push(`${conversation} seq=${seq} id=${id}`);
    }
  }
  return lost;
}

/** The messages that any client knows: their IDs by conversation and number. */
function toldTo(clients: readonly SimClient[]): ReadonlyMap<string, Map<number, string>> {
  const told = new Map<string, Map<number, string>>();
  for (const { records } of clients) {
    for (const record of records) {
      for (const { conversation, seq, id } of [...record.known(), ...record.searches.found]) {
        const ids = told.get(conversation) ?? new Map<number, string>();
        told.set(conversation, ids.set(seq, id));
      }
    }
  }
  return told;
}
