/**
 * What every store must pass, rule by rule (`server/store/store.ts`). The test file of a store calls
 * `storeContract` with a way to open it; opening the same location again must show what was written.
 */
import { ACCOUNT_RULES, LOGIN_RULES } from "./contract_accounts.ts";
import { CONVERSATION_RULES } from "./contract_conversations.ts";
import { FILE_RULES } from "./contract_files.ts";
import { INVITATION_RULES } from "./contract_invitations.ts";
import { MESSAGE_RULES } from "./contract_messages.ts";
import { ROOM_RULES } from "./contract_rooms.ts";
import { SEARCH_RULES } from "./contract_search.ts";
import { STATUS_RULES } from "./contract_status.ts";
import type { Rules, StoreLocation } from "./rule.ts";

const ALL: readonly Rules[] = [
  ACCOUNT_RULES,
  LOGIN_RULES,
  CONVERSATION_RULES,
  MESSAGE_RULES,
  STATUS_RULES,
  ROOM_RULES,
  FILE_RULES,
  INVITATION_RULES,
  SEARCH_RULES,
];

export function storeContract(name: string, makeLocation: () => Promise<StoreLocation>): void {
  for (const [sentence, test] of ALL.flatMap((rules) => Object.entries(rules))) {
    Deno.test(`${name} ${sentence}`, async () => {
      await using location = await makeLocation();
      await using store = await location.open();
      await test(store, location);
    });
  }
}
