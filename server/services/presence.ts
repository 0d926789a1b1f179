/**
 * Who is online: an account comes with its first session and goes with its last.
 *
 * Changes are gathered for a moment and sent as one chunk of small `presence` frames to everyone;
 * whoever has just signed in gets the list instead, once. Nobody is sent a list for each change.
 */
import { encodeFrame } from "../../protocol/codec.ts";
import type { ServerFrame, User } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Clock } from "../clock.ts";
import { concat } from "../concat.ts";
import type { SignedIn } from "./signed_in.ts";

export interface PresenceOptions {
  readonly clock: Pick<Clock, "after">;
  /** Milliseconds for which changes are gathered. */
  readonly gather?: number;
}

interface Person {
  readonly number: number;
  readonly sessions: SignedIn[];
}

export class Presence {
  readonly #options: PresenceOptions;
  readonly #people = new Map<string, Person>();
  /** Everyone who is sent changes. */
  #told: SignedIn[] = [];
  /** Signed in since the last round: they get the list in the next, and changes from then on. */
  #newcomers: SignedIn[] = [];
  /** Who has changed since the last round, and whether they were online before it. */
  readonly #changed = new Map<string, { readonly number: number; readonly before: boolean }>();
  #scheduled = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  come(session: SignedIn): void {
    const { name, number } = session.account;
    const person = this.#people.get(name);
    if (person === undefined) {
      this.#note(name, number, false);
      this.#people.set(name, { number, sessions: [session] });
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
    this.#note(name, number, true);
    this.#people.delete(name);
    this.#arrange();
  }

  isOnline(name: string): boolean {
    return this.#people.has(name);
  }

  /** The sessions of one account. */
  sessionsOf(name: string): readonly SignedIn[] {
    return this.#people.get(name)?.sessions ?? [];
  }

  /** Everyone online, by number, in as many frames as it takes. */
  *list(re?: number): Generator<ServerFrame> {
    const users: User[] = [...this.#people]
      .map(([name, { number }]) => ({ number, name, status: "normal" as const }))
      .sort((one, other) => one.number - other.number);
    for (let at = 0; at === 0 || at < users.length; at += LIMITS.list) {
      const page = users.slice(at, at + LIMITS.list);
      const more = at + LIMITS.list < users.length;
      yield { type: "users", ...(re === undefined ? {} : { re }), users: page, more };
    }
  }

  #note(name: string, number: number, before: boolean): void {
    if (!this.#changed.has(name)) this.#changed.set(name, { number, before });
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
      const online = this.#people.has(user);
      if (online === before) continue;
      const status = online ? "normal" : "offline";
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
