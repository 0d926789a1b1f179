/**
 * Background work, a little at a time: removes expired logins, invitations and files, adds new
 * messages to the index of words, and frees the messages of deleted groups. One piece of it takes a
 * millisecond, rarely ten; nothing else runs meanwhile. The index is filled in another thread.
 */
import type { Clock } from "../protocol/clock.ts";
import { describe, type Logger } from "./log.ts";
import type { Files } from "./services/files.ts";
import type { InvitationStore } from "./store/invitations.ts";
import type { LoginStore } from "./store/logins.ts";
import type { RoomStore } from "./store/rooms.ts";
import type { SearchStore } from "./store/search.ts";

interface MaintenanceOptions {
  readonly store: {
    readonly invitations: Pick<InvitationStore, "removeExpired">;
    readonly logins: Pick<LoginStore, "removeExpired">;
    readonly rooms: Pick<RoomStore, "freeDeleted">;
    readonly search: Pick<SearchStore, "index">;
  };
  readonly files: Pick<Files, "removeExpired" | "removeOrphans">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Milliseconds between two removals of expired logins and invitations. */
const EXPIRY = 60 * 60 * 1000;
/** Milliseconds between two pieces of work: if there is more to do, and if there is not. */
const BUSY = 100;
const QUIET = 1_000;
/** The same, if there is more to do in another thread: a flood of texts must not outrun the index. */
const ELSEWHERE = 10;
/** Messages in one piece. */
const PIECE = 100;

/** Begins at once; returns a function that ends it, and resolves when nothing of it runs any more. */
export function startMaintenance(options: MaintenanceOptions): () => Promise<void> {
  const { store, files, clock, log } = options;
  const failed = (work: string) => (error: unknown) => {
    log.error("maintenance_failed", { work, error: describe(error) });
    return false;
  };
  const index = async () => {
    const more = await store.search.index().catch(failed("index"));
    return more ? ELSEWHERE : QUIET;
  };
  const clean = async () => {
    const swept = await store.rooms.freeDeleted(PIECE).catch(failed("sweep"));
    const removed = await files.removeExpired(PIECE).catch(failed("files"));
    return swept || removed ? BUSY : QUIET;
  };
  const expire = async () => {
    await store.logins.removeExpired(clock.time()).catch(failed("expire"));
    await store.invitations.removeExpired(clock.time()).catch(failed("expire"));
    return EXPIRY;
  };
  files.removeOrphans().catch(failed("blobs"));
  const ends = [repeat(clock, index), repeat(clock, clean), repeat(clock, expire)];
  return async () => {
    await Promise.all(ends.map((end) => end()));
  };
}

/** Repeats the work, each time after the milliseconds that it returned. */
function repeat(clock: Clock, work: () => Promise<number>): () => Promise<void> {
  let cancel = () => {};
  let ended = false;
  const round = async () => {
    const wait = await work();
    if (!ended) cancel = clock.after(wait, () => void (running = round()));
  };
  let running = round();
  return () => {
    ended = true;
    cancel();
    return running;
  };
}
