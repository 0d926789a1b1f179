/** How the rules of the stores' contract are written, and what they begin with. */
import type { Store } from "../../../server/store/store.ts";
import { AT } from "../../helpers/messages.ts";

/** Where stores can be opened, one after the other. */
export interface StoreLocation extends AsyncDisposable {
  open(): Promise<Store>;
}

/** What a store does, in a sentence, and a test that shows it. */
export type Rules = Readonly<
  Record<string, (store: Store, location: StoreLocation) => Promise<void>>
>;

export const HASH = "$scrypt$ln=4,r=8,p=1$c2FsdA$aGFzaA";

export async function withPeople(store: Store, ...names: string[]): Promise<void> {
  for (const name of names) await store.accounts.create(name, HASH, AT);
}

export async function membersOf(store: Store, conversation: string): Promise<string[]> {
  return (await store.conversations.members(conversation)).map(({ name }) => name);
}
