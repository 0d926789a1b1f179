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
import type { SignedIn } from "./signed_in.ts";

export interface PresenceOptions {
  readonly clock: Pick<Clock, "after">;
  /** Milliseconds for which changes are gathered. */
  readonly gather?: number;
}

interface Person {
  readonly number: number;
  status: OwnStatus;
  readonly sessions: SignedIn[];
}

export class Presence {
  readonly #options: PresenceOptions;
  readonly #people = new Map<string, Person>();
  /** Everyone who is sent changes. */
  #told: SignedIn[] = [];
  /** Signed in since the last round: they get the list in the next, and changes from then on. */
  #newcomers: SignedIn[] = [];
  /** Who has changed since the last round, and their status before it. */
  readonly #changed = new Map<string, { readonly number: number; readonly before: Status }>();
  #scheduled = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** `status` is the account's as it was stored; somebody who is online already has theirs. */
  come(session: SignedIn, status: OwnStatus): void {
    const { name, number } = session.account;
    const person = this.#people.get(name);
    if (person === undefined) {
      this.#note(name, number);
      this.#people.set(name, { number, status, sessions: [session] });
    } else {
      person.sessions.push(session);
    }
    this.#newcomers.push(session);
    this.#arrange();
  }

  go(session: SignedIn): void {
    const { name, number } = session.account;
    const person = this.#people.get(name);
    if (person === undefined || !remove(person.sessions, session)) return;
    if (!remove(this.#newcomers, session)) remove(this.#told, session);
    if (person.sessions.length > 0) return;
    this.#note(name, number);
    this.#people.delete(name);
    this.#arrange();
  }

  /** Somebody who is online has set another status. */
  setStatus(name: string, status: OwnStatus): void {
    const person = this.#people.get(name);
    if (person === undefined) return;
    this.#note(name, person.number);
    person.status = status;
    this.#arrange();
  }

  /** How many people are online. */
  get count(): number {
    return this.#people.size;
  }

  statusOf(name: string): Status {
    return this.#people.get(name)?.status ?? "offline";
  }

  /** The sessions of one account. */
  sessionsOf(name: string): readonly SignedIn[] {
    return this.#people.get(name)?.sessions ?? [];
  }

  /** Everyone online, by number, in as many frames as it takes. */
  *list(re?: number): Generator<ServerFrame> {
    const users: User[] = [...this.#people]
      .map(([name, { number, status }]) => ({ number, name, status }))
      .sort((one, other) => one.number - other.number);
    for (let at = 0; at === 0 || at < users.length; at += LIMITS.list) {
      const page = users.slice(at, at + LIMITS.list);
      const more = at + LIMITS.list < users.length;
      yield { type: "users", ...(re === undefined ? {} : { re }), users: page, more };
    }
  }

  /** To be called before the change. */
  #note(name: string, number: number): void {
    if (!this.#changed.has(name)) {
      this.#changed.set(name, { number, before: this.statusOf(name) });
    }
  }

  #arrange(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.clock.after(this.#options.gather ?? 25, this.#round);
  }

  readonly #round = () => {
    this.#scheduled = false;
    const changes = concat([...this.#changes()]);
    this.#changed.clear();
    if (changes.length > 0) {
      for (const session of this.#told) session.push(changes);
    }

    if (this.#newcomers.length === 0) return;
    const list = concat([...this.list()].map(encodeFrame));
    for (const session of this.#newcomers) session.push(list);
    this.#told = this.#told.concat(this.#newcomers);
    this.#newcomers = [];
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
