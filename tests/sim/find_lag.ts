/** Who has not caught up yet, and with what: after the faults have ended nobody may lag for long. */
import type { Truth } from "./record.ts";
import type { SimClient } from "./sim_client.ts";
import type { SimServer } from "./sim_server.ts";

export interface Parts {
  readonly server: SimServer;
  readonly clients: readonly SimClient[];
  readonly accounts: readonly string[];
  readonly truth: Truth;
}

/** The first lag, in words; `undefined`: there is none. */
export async function findLag(parts: Parts): Promise<string | undefined> {
  const { server, clients, accounts } = parts;
  if (!server.isRunning) return "the server does not run";
  const { services, listener } = server.running;
  for (const account of accounts) {
    const status = services.presence.statusOf(account);
    if (status !== "normal") return `${account} is ${status}`;
  }
  for (const client of clients) {
    const lag = lagOf(client, accounts) ?? unfetched(client, parts);
    if (lag !== undefined) return `${client.machine} ${lag}`;
  }
  for (const account of accounts) {
    const lag = await unseen(account, parts);
    if (lag !== undefined) return lag;
  }
  const { size } = listener.connections;
  return size === clients.length ? undefined : `${size} connections for ${clients.length} clients`;
}

function lagOf(client: SimClient, accounts: readonly string[]): string | undefined {
  const record = client.running?.record;
  if (record === undefined) return "does not run";
  if (!record.isSignedIn) return "is not signed in";
  if (record.doing > 0) return `has ${record.doing} things to do`;
  for (const [id, { seq, refused }] of record.sent) {
    if (seq === undefined && refused === undefined) return `has not sent ${id}`;
  }
  if (record.settled !== true) return "has not settled";
  const online = [...record.online].map(([name, status]) => `${name} ${status}`).sort().join();
  const truly = accounts.map((name) => `${name} normal`).sort().join();
  if (online !== truly) return `believes that these are online: ${online}`;
  return undefined;
}

/** A file that was sent to a conversation in which the account is still. */
function unfetched({ account, running }: SimClient, { truth }: Parts): string | undefined {
  const { memberships, keepsFiles } = truth;
  if (!keepsFiles) return undefined;
  for (const { name, conversation } of running?.record.offers.values() ?? []) {
    const isMember = conversation.startsWith("dm:") ||
      memberships.memberSince(account, conversation) !== undefined;
    if (isMember && !memberships.deleted.has(conversation)) return `has not fetched ${name}`;
  }
  return undefined;
}

/** What has been stored in an account's conversations, and no device of it has seen. */
async function unseen(account: string, { server, clients, truth }: Parts) {
  const devices = clients.filter((client) => client.account === account);
  for (const { conversation, seq } of await server.running.store.conversations.states(account)) {
    const isDm = conversation.startsWith("dm:");
    const since = isDm ? 0 : truth.memberships.memberSince(account, conversation) ?? seq;
    const all = devices.flatMap(({ records }) => records.map((one) => one.seen(conversation)));
    for (let each = since + 1; each <= seq; each++) {
      if (!all.some((seen) => seen.has(each))) {
        return `${account} lacks ${conversation} seq=${each}`;
      }
    }
    for (const { machine, running } of devices) {
      const record = running?.record;
      // It began at the account's mark, which an acknowledgement before it tells nothing of.
      const shown = record?.shown.get(conversation)?.map((message) => message.seq) ?? [];
      const first = Math.min(...shown.filter((one) => one > since));
      const seen = record?.seen(conversation) ?? new Set();
      for (let each = first; each <= seq; each++) {
        if (!seen.has(each)) return `${machine} has a gap in ${conversation} at seq=${each}`;
      }
    }
  }
  return undefined;
}
