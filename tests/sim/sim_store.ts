/**
 * The real store, watched: it fails while the disk is full, and it is noted who is a member of what
 * from which message on, to judge what each account may have seen, and what of it is on the disk.
 */
import { StoreError } from "../../server/store/error.ts";
import type { MessageStore, NewMessage } from "../../server/store/messages.ts";
import type { RoomStore } from "../../server/store/rooms.ts";
import type { Store } from "../../server/store/store.ts";
import type { Disk } from "./disk.ts";
import type { Memberships } from "./memberships.ts";
import type { Process } from "./world.ts";

interface StoreOptions {
  readonly disk: Disk;
  readonly memberships: Memberships;
  /** The server's. */
  readonly process: Pick<Process, "isAlive">;
}

export function watchStore(store: Store, options: StoreOptions): Store {
  const watch = new StoreWatch(store, options);
  const { accounts, files, logins, messages, rooms } = store;
  return {
    ...store,
    accounts: extend(accounts, {
      create: (...args) =>
        watch.write(() => watch.join("room:general", [args[0]], accounts.create(...args))),
      setStatus: (account, status) => watch.write(() => watch.setStatus(account, status)),
    }),
    logins: extend(logins, {
      create: (...args) => watch.write(() => logins.create(...args)),
    }),
    messages: extend(messages, {
      append: (batch) => watch.write(() => watch.append(batch)),
    }),
    files: extend(files, {
      add: (row) => watch.write(() => files.add(row)),
      touch: (...args) => watch.write(() => files.touch(...args)),
      complete: (...args) => watch.write(() => files.complete(...args)),
      remove: (...args) => watch.write(() => files.remove(...args)),
    }),
    rooms: extend(rooms, watchRooms(rooms, watch)),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

function watchRooms(rooms: RoomStore, watch: StoreWatch): Partial<RoomStore> {
  return {
    create: (room, members) =>
      watch.write(() => watch.join(room.conversation, members, rooms.create(room, members))),
    addMembers: (conversation, members) =>
      watch.write(() => watch.join(conversation, members, rooms.addMembers(conversation, members))),
    setTopic: (...args) => watch.write(() => rooms.setTopic(...args)),
    removeMembers: (conversation, members) =>
      watch.write(() =>
        watch.leave(conversation, members, () => rooms.removeMembers(conversation, members))
      ),
    delete: (conversation) =>
      watch.write(() => watch.drop(conversation, () => rooms.delete(conversation))),
  };
}

class StoreWatch {
  readonly #store: Store;
  readonly #disk: Disk;
  readonly #memberships: Memberships;
  readonly #process: Pick<Process, "isAlive">;

  constructor(store: Store, { disk, memberships, process }: StoreOptions) {
    this.#process = process;
    this.#store = store;
    this.#disk = disk;
    this.#memberships = memberships;
  }

  /** On a full disk a transaction fails, and has changed nothing. */
  write<T>(work: () => Promise<T>): Promise<T> {
    return this.#disk.isFull
      ? Promise.reject(new StoreError("disk_full", "Cannot write: the disk is full"))
      : work();
  }

  append(batch: readonly NewMessage[]): ReturnType<MessageStore["append"]> {
    return this.#memberships.during(batch, async () => {
      const end = this.#memberships.ids.begin(batch);
      const appending = this.#store.messages.append(batch);
      const position = this.#disk.position();
      const appended = await appending;
      end(appended);
      for (const one of appended) {
        if (one?.stored) this.#disk.stored(one.conversation, one.seq, position);
      }
      return appended;
    });
  }

  async setStatus(...[account, status]: Parameters<Store["accounts"]["setStatus"]>): Promise<void> {
    // It holds nothing any more as soon as this is committed.
    if (status !== "dnd") this.#memberships.status(account, status);
    try {
      await this.#store.accounts.setStatus(account, status);
      this.#memberships.status(account, status);
    } catch (failure) {
      // What a dead server did, the next one has found or not.
      if (!this.#process.isAlive) throw failure;
      // A transaction that fails changes nothing.
      const before = await this.#store.accounts.byName(account);
      if (before !== undefined) this.#memberships.status(account, before.status);
      throw failure;
    }
  }

  /** Notes new members. Their marks are read at once: others write as soon as this waits. */
  async join<T>(conversation: string, members: readonly string[], done: Promise<T>): Promise<T> {
    const { conversations } = this.#store;
    const reading = Promise.all(
      members.map((account) => conversations.state(account, conversation)),
    );
    reading.catch(() => {}); // `done` fails too: it waits for the same disk.
    const result = await done;
    const states = await reading;
    // Only a room or group that is new has this result.
    if (result === true) this.#memberships.made(conversation, states[0]?.mark ?? 0);
    for (const [index, account] of members.entries()) {
      const state = states[index];
      if (state !== undefined) this.#memberships.joined(conversation, account, state.mark);
    }
    return result;
  }

  async leave(conversation: string, members: readonly string[], work: () => Promise<void>) {
    await this.#whileLeaving(conversation, members, work);
    for (const account of members) this.#memberships.left(conversation, account);
  }

  async drop(conversation: string, work: () => Promise<void>) {
    const isRoom = conversation.startsWith("room:");
    if (isRoom && this.#memberships.membersOf(conversation).length > 1) {
      throw new Error(`Others are in ${conversation}, which is deleted`);
    }
    await this.#whileLeaving(conversation, undefined, work);
    this.#memberships.dropped(conversation);
  }

  async #whileLeaving(
    conversation: string,
    members: readonly string[] | undefined,
    work: () => Promise<void>,
  ): Promise<void> {
    const takeBack = this.#memberships.leaving(conversation, members);
    try {
      await work();
    } catch (failure) {
      // What a sync did not bring to the disk is done, as far as this server can see.
      if (!this.#disk.hasFailed) takeBack();
      throw failure;
    }
  }
}

/** An object with other methods in the place of some of its own. */
function extend<T extends object>(part: T, methods: Partial<T>): T {
  return new Proxy(part, {
    get(target, name) {
      const own: unknown = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
