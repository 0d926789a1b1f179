/**
 * Who is online, and with which status: an account from its first session to the end of its last. It
 * owns the status of accounts that are online; that of the others is in the store.
 *
 * Changes are collected for a moment and sent as one chunk of small `presence` frames to every
 * session. A new session gets the whole list instead, once; no change costs a list.
 */
import { assert } from "../../protocol/assert.ts";
import type { Clock } from "../../protocol/clock.ts";
import { encodeFrame } from "../../protocol/codec.ts";
import { concat } from "../../protocol/concat.ts";
import type { OwnStatus, ServerFrame, Status, User } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { SignedInSession } from "./signed_in_session.ts";

interface PresenceOptions {
  readonly clock: Pick<Clock, "after">;
  /** Milliseconds for which changes are collected. */
  readonly delay?: number;
}

interface OnlineUser {
  readonly number: number;
  status: OwnStatus;
  readonly sessions: SignedInSession[];
}

interface Change {
  readonly number: number;
  /** The status that all sessions know; `undefined`: they know different ones. */
  before: Status | undefined;
}

export class Presence {
  readonly #options: PresenceOptions;
  readonly #online = new Map<string, OnlineUser>();
  /** The sessions that are sent changes. */
  #subscribers: SignedInSession[] = [];
  /** Added since the last chunk: they are sent the list with the next one, and changes after it. */
  #newSessions: SignedInSession[] = [];
  /** Who has changed since the last chunk, and their status before it. */
  readonly #changed = new Map<string, Change>();
  #scheduled = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** `status` is the account's as stored; it has no effect if the account is online already. */
  add(session: SignedInSession, status: OwnStatus): void {
    const { name, number } = session.account;
    const user = this.#online.get(name);
    assert(!user?.sessions.includes(session), "a session is added once");
    if (user === undefined) {
      this.#recordChange(name, number);
      this.#online.set(name, { number, status, sessions: [session] });
    } else {
      user.sessions.push(session);
    }
    this.#newSessions.push(session);
    this.#schedule();
  }

  remove(session: SignedInSession): void {
    const { name, number } = session.account;
    const user = this.#online.get(name);
    if (user === undefined || !remove(user.sessions, session)) return;
    const isRemoved = remove(this.#newSessions, session) || remove(this.#subscribers, session);
    assert(isRemoved, "a session of a user online is new, or is sent changes");
    if (user.sessions.length > 0) return;
    this.#recordChange(name, number);
    this.#online.delete(name);
    this.#schedule();
  }

  /** A user has set another status; no effect if they are offline. */
  setStatus(name: string, status: OwnStatus): void {
    const user = this.#online.get(name);
    if (user === undefined) return;
    this.#recordChange(name, user.number);
    user.status = status;
    this.#schedule();
  }

  /** How many users are online. */
  get count(): number {
    return this.#online.size;
  }

  statusOf(name: string): Status {
    return this.#online.get(name)?.status ?? "offline";
  }

  /** The sessions of one account. */
  sessionsOf(name: string): readonly SignedInSession[] {
    return this.#online.get(name)?.sessions ?? [];
  }

  /** Answers `who`: all users online, by number, in as many frames as it takes. */
  *answer(re: number): Generator<ServerFrame> {
    // The asker sees what may have changed back by the next chunk.
    for (const change of this.#changed.values()) change.before = undefined;
    yield* this.#list(re);
  }

  *#list(re?: number): Generator<ServerFrame> {
    const users: User[] = [...this.#online]
      .map(([name, { number, status }]) => ({ number, name, status }))
      .sort((one, other) => one.number - other.number);
    for (let at = 0; at === 0 || at < users.length; at += LIMITS.list) {
      const page = users.slice(at, at + LIMITS.list);
      const more = at + LIMITS.list < users.length;
      yield { type: "users", ...(re === undefined ? {} : { re }), users: page, more };
    }
  }

  /** MUST be called before the change. */
  #recordChange(name: string, number: number): void {
    if (!this.#changed.has(name)) {
      this.#changed.set(name, { number, before: this.statusOf(name) });
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.clock.after(this.#options.delay ?? 25, this.#sendChanges);
  }

  readonly #sendChanges = () => {
    this.#scheduled = false;
    const changes = concat([...this.#changes()]);
    this.#changed.clear();
    if (changes.length > 0) {
      for (const session of this.#subscribers) session.push(changes);
    }

    if (this.#newSessions.length === 0) return;
    const list = concat([...this.#list()].map(encodeFrame));
    for (const session of this.#newSessions) session.push(list);
    this.#subscribers = this.#subscribers.concat(this.#newSessions);
    this.#newSessions = [];
  };

  /** A user who has come and gone since the last chunk, unseen, has not changed. */
  *#changes(): Generator<Uint8Array> {
    for (const [user, { number, before }] of this.#changed) {
      const status = this.statusOf(user);
      if (status === before) continue;
      yield encodeFrame({ type: "presence", user, number, status });
    }
  }
}

function remove<T>(list: T[], item: T): boolean {
  const index = list.indexOf(item);
  if (index < 0) return false;
  list.splice(index, 1);
  return true;
}
