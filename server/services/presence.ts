/**
 * Who is online, and with which status: an account comes with its first session and goes with its
 * last. It owns the status of those who are online; that of others rests in the store.
 *
 * Changes are gathered for a moment and sent as one chunk of small `presence` frames to everyone;
 * whoever has just signed in gets the list instead, once. Nobody is sent a list for each change.
 */
import type { Clock } from "../../protocol/clock.ts";
import { encodeFrame } from "../../protocol/codec.ts";
import { concat } from "../../protocol/concat.ts";
import type { OwnStatus, ServerFrame, Status, User } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { SignedInSession } from "./signed_in_session.ts";

export interface PresenceOptions {
  readonly clock: Pick<Clock, "after">;
  /** Milliseconds for which changes are gathered. */
  readonly gather?: number;
}

interface OnlineUser {
  readonly number: number;
  status: OwnStatus;
  readonly sessions: SignedInSession[];
}

export class Presence {
  readonly #options: PresenceOptions;
  readonly #online = new Map<string, OnlineUser>();
  /** Everyone who is sent changes. */
  #subscribers: SignedInSession[] = [];
  /** Signed in since the last round: they get the list in the next, and changes from then on. */
  #newSessions: SignedInSession[] = [];
  /** Who has changed since the last round, and their status before it. */
  readonly #changed = new Map<string, { readonly number: number; readonly before: Status }>();
  #scheduled = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** `status` is the account's as it was stored; somebody who is online already has theirs. */
  add(session: SignedInSession, status: OwnStatus): void {
    const { name, number } = session.account;
    const person = this.#online.get(name);
    if (person === undefined) {
      this.#recordChange(name, number);
      this.#online.set(name, { number, status, sessions: [session] });
    } else {
      person.sessions.push(session);
    }
    this.#newSessions.push(session);
    this.#schedule();
  }

  remove(session: SignedInSession): void {
    const { name, number } = session.account;
    const person = this.#online.get(name);
    if (person === undefined || !remove(person.sessions, session)) return;
    if (!remove(this.#newSessions, session)) remove(this.#subscribers, session);
    if (person.sessions.length > 0) return;
    this.#recordChange(name, number);
    this.#online.delete(name);
    this.#schedule();
  }

  /** Somebody who is online has set another status. */
  setStatus(name: string, status: OwnStatus): void {
    const person = this.#online.get(name);
    if (person === undefined) return;
    this.#recordChange(name, person.number);
    person.status = status;
    this.#schedule();
  }

  /** How many people are online. */
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

  /** Everyone online, by number, in as many frames as it takes. */
  *list(re?: number): Generator<ServerFrame> {
    const users: User[] = [...this.#online]
      .map(([name, { number, status }]) => ({ number, name, status }))
      .sort((one, other) => one.number - other.number);
    for (let at = 0; at === 0 || at < users.length; at += LIMITS.list) {
      const page = users.slice(at, at + LIMITS.list);
      const more = at + LIMITS.list < users.length;
      yield { type: "users", ...(re === undefined ? {} : { re }), users: page, more };
    }
  }

  /** To be called before the change. */
  #recordChange(name: string, number: number): void {
    if (!this.#changed.has(name)) {
      this.#changed.set(name, { number, before: this.statusOf(name) });
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.clock.after(this.#options.gather ?? 25, this.#sendChanges);
  }

  readonly #sendChanges = () => {
    this.#scheduled = false;
    const changes = concat([...this.#changes()]);
    this.#changed.clear();
    if (changes.length > 0) {
      for (const session of this.#subscribers) session.push(changes);
    }

    if (this.#newSessions.length === 0) return;
    const list = concat([...this.list()].map(encodeFrame));
    for (const session of this.#newSessions) session.push(list);
    this.#subscribers = this.#subscribers.concat(this.#newSessions);
    this.#newSessions = [];
  };

  /** Whoever came and went again within one round has not changed. */
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
