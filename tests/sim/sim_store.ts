/**
 * The real store, watched: it fails while the disk is full, and it is noted who is a member of what
 * from which message on, to judge what each account may have seen.
 */
import { StoreError } from "../../server/store/error.ts";
import type { Store } from "../../server/store/store.ts";
import type { Disk } from "./disk.ts";
import type { Memberships } from "./memberships.ts";

interface StoreOptions {
  readonly disk: Disk;
  readonly memberships: Memberships;
}

export function watchStore(store: Store, options: StoreOptions): Store {
  const { disk, memberships } = options;
  const { accounts, conversations, files, logins, messages, rooms } = store;
  /** On a full disk a transaction fails, and has changed nothing. */
  const write = <T>(work: () => Promise<T>): Promise<T> =>
    disk.isFull
      ? Promise.reject(new StoreError("disk_full", "Cannot write: the disk is full"))
      : work();
  /** Notes new members. Their marks are read at once: others write as soon as this waits. */
  const join = async <T>(conversation: string, members: readonly string[], done: Promise<T>) => {
    const reading = Promise.all(
      members.map((account) => conversations.state(account, conversation)),
    );
    reading.catch(() => {}); // `done` fails too: it waits for the same disk.
    const result = await done;
    const states = await reading;
    for (const [index, account] of members.entries()) {
      const state = states[index];
      if (state !== undefined) memberships.joined(conversation, account, state.mark);
    }
    return result;
  };
  return {
    ...store,
    accounts: extend(accounts, {
      create: (...args) => write(() => join("room:general", [args[0]], accounts.create(...args))),
      setStatus: (account, status) =>
        write(async () => {
          // It holds nothing any more as soon as this is committed.
          if (status !== "dnd") memberships.status(account, status);
          await accounts.setStatus(account, status);
          memberships.status(account, status);
        }),
    }),
    logins: extend(logins, {
      create: (...args) => write(() => logins.create(...args)),
    }),
    messages: extend(messages, {
      append: (batch) => write(() => memberships.during(batch, () => messages.append(batch))),
    }),
    files: extend(files, {
      add: (row) => write(() => files.add(row)),
      touch: (...args) => write(() => files.touch(...args)),
      complete: (...args) => write(() => files.complete(...args)),
      remove: (...args) => write(() => files.remove(...args)),
    }),
    rooms: extend(rooms, {
      create: (room, members) =>
        write(() => join(room.conversation, members, rooms.create(room, members))),
      addMembers: (conversation, members) =>
        write(() => join(conversation, members, rooms.addMembers(conversation, members))),
      setTopic: (...args) => write(() => rooms.setTopic(...args)),
      removeMembers: (conversation, members) =>
        write(async () => {
          await rooms.removeMembers(conversation, members);
          for (const account of members) memberships.left(conversation, account);
        }),
      delete: (conversation) =>
        write(async () => {
          await rooms.delete(conversation);
          memberships.dropped(conversation);
        }),
    }),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
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
