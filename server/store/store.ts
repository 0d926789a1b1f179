/**
 * What the server stores, and nothing about how. Services see these interfaces only. `sqlite.ts` puts
 * together the store that is used; every store is held to the same suite
 * (`tests/server/store/contract.ts`).
 *
 * Every store MUST keep this contract:
 *
 * 1. When a promise has resolved, what it wrote survives the death of the process.
 * 2. `messages.append` is one transaction: all of the batch is stored, or none of it.
 * 3. Within a conversation `seq` runs 1, 2, 3… in the order of `append`, without gaps, for ever. A
 *    group whose ID was used before goes on counting.
 * 4. A ULID is stored once for each sender: appending it again, later or in the same batch, yields
 *    the first one's conversation, `seq` and `at`, and stores nothing.
 * 5. A message in a private conversation is held from one of its members while that account's status
 *    is `dnd`: neither its states nor its searches show it until it sets another status.
 * 6. Nothing here checks permissions or limits; services do.
 * 7. An invitation makes as many accounts as it has uses, however many are made at once: counting a
 *    use and making the account are one transaction.
 * 8. Messages, states, members, lists and search results survive the death of the machine when their
 *    promise has resolved: a client never sees what a power cut can take back. Other reads serve to
 *    decide, and are not sent.
 */
import type { AccountStore } from "./accounts.ts";
import type { ConversationStore } from "./conversations.ts";
import type { FileStore } from "./files.ts";
import type { InvitationStore } from "./invitations.ts";
import type { LoginStore } from "./logins.ts";
import type { MessageStore } from "./messages.ts";
import type { RoomStore } from "./rooms.ts";
import type { SearchStore } from "./search.ts";

export interface Store extends AsyncDisposable {
  readonly accounts: AccountStore;
  readonly logins: LoginStore;
  readonly conversations: ConversationStore;
  readonly messages: MessageStore;
  readonly rooms: RoomStore;
  readonly files: FileStore;
  readonly invitations: InvitationStore;
  readonly search: SearchStore;
}
