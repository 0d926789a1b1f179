/**
 * Searches, once everyone has caught up: each account finds all that it may read, and nothing else;
 * and what was ever found is stored.
 */
import type { Message } from "../../protocol/frame.ts";
import type { TextSearch } from "../../server/store/search_runner.ts";
import type { Store } from "../../server/store/store.ts";
import { ask } from "./ask.ts";
import type { Parts } from "./find_lag.ts";
import { hasWords } from "./search_log.ts";
import type { SimClient } from "./sim_client.ts";
import type { World } from "./world.ts";

/** What the server has stored, by conversation and number. */
type Stored = ReadonlyMap<string, ReadonlyMap<number, Message>>;

/** Messages that a client is shown at most, and more than there are. */
const SHOWN = 20;
const ALL = 100_000;
const WORDS = ["text", "apple", "Pear fig", "nothing"];

export async function checkSearches(
  parts: Parts & { readonly world: World },
  stored: Stored,
): Promise<string[]> {
  const broken: string[] = [];
  for (const [index, account] of parts.accounts.entries()) {
    const words = WORDS[index % WORDS.length] ?? "";
    broken.push(...await checkStore(account, words, parts, stored));
  }
  for (const [index, client] of parts.clients.entries()) {
    const words = WORDS[(index + 1) % WORDS.length] ?? "";
    broken.push(...await checkClient(client, words, parts, stored));
    broken.push(...checkFound(client, parts, stored));
  }
  return broken;
}

/** The texts with the words in the account's conversations. */
async function textsFor(account: string, words: string, { server }: Parts, stored: Stored) {
  const states = await server.running.store.conversations.states(account);
  return states.flatMap(({ conversation }) =>
    [...stored.get(conversation)?.values() ?? []].filter(({ content: { kind, body } }) =>
      kind === "text" && hasWords(String(body), words)
    )
  );
}

/** The numbers that are found, and not only the messages that are read by them. */
async function checkStore(account: string, words: string, parts: Parts, stored: Stored) {
  const { store } = parts.server.running;
  const expected = (await textsFor(account, words, parts, stored)).map(({ ulid }) => ulid);
  const { numbers, more } = await findAll(store, { account, words: words.split(" "), limit: ALL });
  const messages = await store.search.read(account, numbers);
  const ulids = messages.map(({ ulid }) => ulid);
  if (!more && isSame(ulids, expected) && numbers.length === ulids.length) return [];
  return [`another search: ${account} finds ${numbers.length} of ${expected.length} "${words}"`];
}

async function findAll(store: Store, search: TextSearch) {
  using running = store.search.begin(search);
  while (true) {
    const found = await running.next();
    if (found !== undefined) return found;
  }
}

/** A client is shown the newest of each conversation. */
async function checkClient(
  client: SimClient,
  words: string,
  parts: Parts & { readonly world: World },
  stored: Stored,
): Promise<string[]> {
  const searches = client.running?.record.searches;
  if (searches !== undefined) searches.newest = undefined;
  await ask(
    client,
    { type: "search", words },
    parts.world,
    (record) => record.searches.newest !== undefined,
  );
  const found = searches?.newest ?? [];
  const expected = await textsFor(client.account, words, parts, stored);
  const newest = found.flatMap(({ conversation }, _, all) => {
    const count = all.filter((one) => one.conversation === conversation).length;
    return expected.filter((one) => one.conversation === conversation).slice(-count);
  });
  const isNewest = isSame(found.map(({ id }) => id), [...new Set(newest.map(({ ulid }) => ulid))]);
  if (isNewest && found.length === Math.min(SHOWN, expected.length)) return [];
  return [
    `another search: ${client.machine} finds ${found.length} of ${expected.length} "${words}"`,
  ];
}

/** Whatever a search has shown survives a power cut. */
function checkFound({ records }: SimClient, { truth }: Parts, stored: Stored): string[] {
  return records.flatMap(({ account, searches }) =>
    searches.found.flatMap(({ conversation, seq, id }) => {
      const isStored = truth.memberships.isGone(conversation, seq) ||
        stored.get(conversation)?.get(seq)?.ulid === id;
      return isStored
        ? []
        : [`found and not stored: ${account} ${conversation} seq=${seq} id=${id}`];
    })
  );
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.toSorted().join() === other.toSorted().join();
}
