/** The list of users, which comes in parts, as one event. */
import type { ServerFrames, User } from "../../protocol/frame.ts";
import type { EventSink } from "../event_queue.ts";

export class UserList {
  readonly #events: EventSink;
  readonly #complete = Promise.withResolvers<void>();
  #users: User[] = [];

  constructor(events: EventSink) {
    this.#events = events;
  }

  /** Resolves when the first list is complete. */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  /** The server sends a list anew: the parts of an unfinished one are void. */
  restart(): void {
    this.#users = [];
  }

  /** A list, or a part of one. */
  listed({ users, more }: ServerFrames["users"]): void {
    this.#users.push(...users);
    if (more) return;
    this.#events.put({ event: "users", users: this.#users });
    this.#users = [];
    this.#complete.resolve();
  }
}
