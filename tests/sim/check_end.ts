/**
 * The promises, held to what the server has stored and what clients have shown, once everyone has
 * caught up: what was acknowledged is stored once, what was shown is stored, histories are equal,
 * files are whole, and what is bounded is within its bounds.
 */
import type { Message } from "../../protocol/frame.ts";
import { ask } from "./ask.ts";
import { checkSearches } from "./check_searches.ts";
import { checkDatabase } from "./check_database.ts";
import type { Disk } from "./disk.ts";
import type { Parts } from "./find_lag.ts";
import type { Record } from "./record.ts";
import type { World } from "./world.ts";

/** Timers that a client and its connection may have while nothing happens. */
const TIMERS = 40;
const PAGE = 100_000;
/** Attempts to get a history, and milliseconds between two. */
const TRIES = 10;
const RETRY = 5_000;

export async function checkEnd(
  parts: Parts & { readonly world: World; readonly disk: Disk },
): Promise<string[]> {
  const { server, clients, truth } = parts;
  const { store } = server.running;
  const broken: string[] = [];
  const stored = new Map<string, ReadonlyMap<number, Message>>();
  for (const conversation of await conversationsOf(parts)) {
    const messages = await store.messages.history(conversation, 0, PAGE);
    stored.set(conversation, new Map(messages.map((message) => [message.seq, message])));
    broken.push(...checkStored(conversation, messages, parts));
  }
  for (const { records } of clients) {
    for (const record of records) {
      broken.push(...checkRecord(record, stored, parts));
      if (truth.keepsOrder) broken.push(...checkOrder(record));
    }
  }
  broken.push(...await checkHistories(parts, stored));
  broken.push(...await checkSearches(parts, stored));
  broken.push(...checkDatabase(parts.disk));
  broken.push(...checkFiles(parts));
  await server.checkBlobs(store);
  await untilStreamsEnd(parts);
  broken.push(...checkBounds(parts));
  return broken;
}

async function conversationsOf({ server, accounts }: Parts): Promise<Set<string>> {
  const all = new Set(server.memberships.places);
  for (const account of accounts) {
    for (const { conversation } of await server.running.store.conversations.states(account)) {
      all.add(conversation);
    }
  }
  return all;
}

/** Numbers without gaps, each message once, and as it was sent. */
function checkStored(conversation: string, messages: readonly Message[], { truth }: Parts) {
  const broken: string[] = [];
  const ids = new Set<string>();
  // Numbers go on where they were in a place of that name that was deleted.
  const first = truth.memberships.deleted.has(conversation) ? messages[0]?.seq ?? 1 : 1;
  for (const [index, { seq, ulid, from, content }] of messages.entries()) {
    const what = `${conversation} seq=${seq} id=${ulid}`;
    if (seq !== first + index) broken.push(`gap in what is stored: ${what}, not ${first + index}`);
    if (ids.has(ulid)) broken.push(`stored twice: ${what}`);
    ids.add(ulid);
    const sent = truth.sent.get(ulid);
    const { kind, body } = content;
    const isSaid = kind !== "text" || truth.said.get(String(body)) === from;
    const isSent = sent === undefined ||
      (sent.from === from && sent.conversation === conversation &&
        (kind !== "text" || sent.text === body));
    if (!isSaid || !isSent) broken.push(`stored and not sent so: ${what}`);
  }
  return broken;
}

/** What a client has shown, or was told is stored, is stored. */
function checkRecord(
  record: Record,
  stored: ReadonlyMap<string, ReadonlyMap<number, Message>>,
  { truth }: Parts,
): string[] {
  const broken: string[] = [];
  const isStored = (conversation: string, seq: number, id: string) =>
    truth.memberships.isGone(conversation, seq) || stored.get(conversation)?.get(seq)?.ulid === id;
  for (const [id, { conversation, seq }] of record.sent) {
    if (seq === undefined || isStored(conversation, seq, id)) continue;
    broken.push(
      `acknowledged and not stored: ${record.account} ${conversation} seq=${seq} id=${id}`,
    );
  }
  for (const [conversation, shown] of record.shown) {
    for (const { seq, id } of shown) {
      if (isStored(conversation, seq, id)) continue;
      broken.push(`shown and not stored: ${record.account} ${conversation} seq=${seq} id=${id}`);
    }
  }
  return broken;
}

/** What one client sends to one conversation is stored in the order in which it was sent. */
function checkOrder({ sent, account }: Record): string[] {
  const broken: string[] = [];
  const newest = new Map<string, number>();
  for (const [id, { conversation, seq }] of sent) {
    if (seq === undefined) continue;
    const before = newest.get(conversation) ?? 0;
    if (seq < before) {
      broken.push(`stored out of order: ${account} ${conversation} seq=${seq} id=${id}`);
    }
    newest.set(conversation, seq);
  }
  return broken;
}

/** Whoever asks for the history of a room gets what the server has. */
async function checkHistories(
  { clients, truth, world }: Parts & { readonly world: World },
  stored: ReadonlyMap<string, ReadonlyMap<number, Message>>,
): Promise<string[]> {
  const broken: string[] = [];
  const conversation = "room:general";
  for (const client of clients) {
    const record = client.running?.record;
    record?.histories.delete(conversation);
    await ask(
      client,
      { type: "history", place: { type: "room", name: "general" }, limit: 500 },
      world,
      ({ histories }) => histories.has(conversation),
    );
    const history = record?.histories.get(conversation) ?? [];
    const wanted = [...stored.get(conversation)?.values() ?? []].slice(-500);
    const isEqual = history.length === wanted.length &&
      history.every(({ seq, id }, index) =>
        seq === wanted[index]?.seq && id === wanted[index]?.ulid
      );
    if (isEqual || truth.memberships.deleted.has(conversation)) continue;
    broken.push(`another history: ${client.machine} has ${history.length} of ${wanted.length}`);
  }
  return broken;
}

/** What has arrived is what was sent. */
function checkFiles({ clients, truth }: Parts): string[] {
  return clients.flatMap(({ machine, files }) =>
    [...files.accepted].flatMap(([name, bytes]) =>
      truth.files.get(name)?.join() === bytes.join() ? [] : [`another file: ${machine} ${name}`]
    )
  );
}

/** A page that brings nothing new may be on its way when everyone has caught up. */
async function untilStreamsEnd({ server, world }: Parts & { readonly world: World }) {
  const { connections } = server.running.listener;
  for (let tries = 0; tries < TRIES; tries++) {
    if ([...connections].every(({ openStreams }) => openStreams <= 1)) return;
    await world.pause(RETRY);
  }
}

function checkBounds({ clients, server, world }: Parts & { readonly world: World }): string[] {
  const broken: string[] = [];
  if (world.waiting > TIMERS * (clients.length + 1)) {
    broken.push(`too many timers: ${world.waiting}`);
  }
  for (const connection of server.running.listener.connections) {
    if (connection.openStreams > 1) {
      broken.push(`streams left open: ${connection.remote.hostname} ${connection.openStreams}`);
    }
  }
  return broken;
}
