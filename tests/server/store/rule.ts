/** How the rules of the stores' contract are written, and what they begin with. */
import type { Store } from "../../../server/store/store.ts";
import { AT } from "../../helpers/messages.ts";

/** A place that stores can be opened on, one after the other. */
export interface StorePlace extends AsyncDisposable {
  open(): Promise<Store>;
}

/** Says that a store keeps a rule, and opens one to show it. */
export type Rule = (
  sentence: string,
  body: (store: Store, place: StorePlace) => Promise<void>,
) => void;

export const HASH = "$scrypt$ln=4,r=8,p=1$c2FsdA$aGFzaA";

export async function withPeople(store: Store, ...names: string[]): Promise<void> {
  for (const name of names) await store.createAccount(name, HASH, AT);
}

export async function membersOf(store: Store, conversation: string): Promise<string[]> {
  return (await store.members(conversation)).map(({ name }) => name);
}
