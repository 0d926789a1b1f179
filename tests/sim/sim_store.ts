/**
 * The real store, watched: it fails while the disk is full, and it is noted who is a member of what
 * from which message on, to judge what each account may have seen.
 */
import type { Store } from "../../server/store/store.ts";
import type { Disk } from "./disk.ts";
import type { Memberships } from "./memberships.ts";
import type { Process } from "./world.ts";

interface StoreOptions {
  readonly disk: Disk;
  readonly process: Process;
  readonly memberships: Memberships;
  /** Reads wait until what they bring is on the disk. */
  readonly syncReads: boolean;
}

export function watchStore(store: Store, options: StoreOptions): Store {
  const { disk, process, memberships, syncReads } = options;
  const { accounts, conversations, logins, messages, rooms, search } = store;
  /** On a full disk a transaction fails, and has changed nothing. */
  const write = <T>(work: () => Promise<T>): Promise<T> =>
    disk.isFull
      ? Promise.reject(Object.assign(new Error("database or disk is full"), { code: "ENOSPC" }))
      : work();
  const read = async <T>(work: () => Promise<T>): Promise<T> => {
    const result = await work();
    if (syncReads) await disk.synced(process);
    return result;
  };
  /** Notes new members. Their marks are read at once: others write as soon as this waits. */
  const join = async <T>(conversation: string, members: readonly string[], done: Promise<T>) => {
    const states = members.map((account) => conversations.state(account, conversation));
    const result = await done;
    for (const [index, account] of members.entries()) {
      const state = await states[index];
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
    conversations: extend(conversations, {
      state: (...args) => read(() => conversations.state(...args)),
    }),
    messages: extend(messages, {
      history: (...args) => read(() => messages.history(...args)),
      append: (batch) => write(() => memberships.during(batch, () => messages.append(batch))),
    }),
    search: extend(search, {
      find: (...args) => read(() => search.find(...args)),
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
