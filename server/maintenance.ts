/**
 * What the server does beside its work, a little at a time: it forgets sessions and invitations that
 * have expired, puts new messages into the index of words, removes files that are too old, and frees
 * what deleted groups have left behind.
 * Nobody waits for it, and a piece of it holds up everybody for a millisecond, rarely for ten.
 */
import type { Clock } from "../protocol/clock.ts";
import { describe, type Logger } from "./log.ts";
import type { Files } from "./services/files.ts";
import type { InvitationStore } from "./store/invitations.ts";
import type { LoginStore } from "./store/logins.ts";
import type { RoomStore } from "./store/rooms.ts";
import type { SearchStore } from "./store/search.ts";

export interface MaintenanceOptions {
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

/** Milliseconds between two looks for sessions that have expired. */
const EXPIRY = 60 * 60 * 1000;
/** Milliseconds between two pieces of work: while there is more to do, and when there is not. */
const BUSY = 100;
const QUIET = 1_000;
/** Messages in one piece. */
const PIECE = 100;

/** Begins at once; returns what ends it. */
export function startMaintenance(options: MaintenanceOptions): () => void {
  const { store, files, clock, log } = options;
  const failed = (work: string) => (error: unknown) => {
    log.error("housekeeping_failed", { work, error: describe(error) });
    return false;
  };
  const tidy = async () => {
    const indexed = await store.search.index(PIECE).catch(failed("index"));
    const swept = await store.rooms.freeDeleted(PIECE).catch(failed("sweep"));
    const removed = await files.removeExpired(PIECE).catch(failed("files"));
    return indexed || swept || removed ? BUSY : QUIET;
  };
  const expire = async () => {
    await store.logins.removeExpired(clock.time()).catch(failed("expire"));
    await store.invitations.removeExpired(clock.time()).catch(failed("expire"));
    return EXPIRY;
  };
  files.removeOrphans().catch(failed("blobs"));
  const ends = [repeat(clock, tidy), repeat(clock, expire)];
  return () => ends.forEach((end) => end());
}

/** Does the work over and over, each time after the milliseconds that it returned. */
function repeat(clock: Clock, work: () => Promise<number>): () => void {
  let cancel = () => {};
  let ended = false;
  const round = async () => {
    const wait = await work();
    if (!ended) cancel = clock.after(wait, round);
  };
  void round();
  return () => {
    ended = true;
    cancel();
  };
}
