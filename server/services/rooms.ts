/**
 * Rooms and groups : making them, coming and going, and what their members are told about
 * it. Who hears what is said in them is kept by `conversations.ts`.
 *
 * Changes are made one after the other, so that what was checked still holds when it is done. They
 * are stored first, and told to everyone but the session that asked for them: it has its answer.
 * What is refused changes nothing, and throws a `ProtocolError`.
 */
import { encodeFrame } from "../../protocol/codec.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import type {
  ConversationState,
  ListedRoom,
  ServerFrame,
  ServerFrames,
  User,
} from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { isAllowedName, parseConversation } from "../../protocol/names.ts";
import { SerialQueue } from "../../protocol/serial_queue.ts";
import type { Room } from "../store/rooms.ts";
import type { Store } from "../store/store.ts";
import type { Conversations } from "./conversations.ts";
import type { Presence } from "./presence.ts";
import type { SignedInSession } from "./signed_in_session.ts";

export interface RoomsOptions {
  readonly store: Pick<Store, "accounts" | "conversations" | "rooms">;
  readonly conversations: Conversations;
  readonly presence: Presence;
  /** Rooms that there may be. */
  readonly rooms: number;
}

export interface NewRoom {
  readonly conversation: string;
  readonly topic?: string | undefined;
  readonly members?: readonly string[] | undefined;
}

type Change = Omit<ServerFrames["changed"], "type" | "by">;

const NOT_ONE_LINE = /[\p{Cc}\u2028\u2029]/u;

export class Rooms {
  readonly #options: RoomsOptions;
  readonly #changes = new SerialQueue();

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  /** Makes a room or group. Who makes it is in it; so are the members of a group. */
  create(session: SignedInSession, wanted: NewRoom): Promise<ConversationState> {
    return this.#changes.run(async () => {
      const { store } = this.#options;
      const { conversation, topic = "" } = wanted;
      const parsed = parseConversation(conversation);
      if (parsed === undefined || parsed.type === "dm" || !isAllowedName(parsed.name)) {
        throw new ProtocolError("bad_name", "That name is reserved for commands; choose another.");
      }
      checkTopic(topic);
      const creator = session.account.name;
      const others = (wanted.members ?? []).filter((name) => name !== creator);
      if (parsed.type === "room" && others.length > 0) {
        throw new ProtocolError("not_allowed", "A room is joined: nobody is put into one.");
      }
      await this.#checkAccounts(others);
      await this.#checkLimit(creator, "made");
      for (const member of [creator, ...others]) await this.#checkLimit(member, "joined");
      if (parsed.type === "room") await this.#checkRooms();

      const members = [...new Set([creator, ...others])];
      if (!await store.rooms.create({ conversation, topic, creator }, members)) {
        throw new ProtocolError("name_taken", `There is a ${parsed.type} of that name already.`);
      }
      const state = await this.#subscribe(session, conversation, members);
      const users = members.filter((name) => name !== creator);
      this.#notify(session, {
        conversation,
        change: "created",
        ...(users.length === 0 ? {} : { users }),
        ...(topic === "" ? {} : { topic }),
      });
      return state;
    });
  }

  /** Joins a room. Whoever is in it already stays in it. */
  join(session: SignedInSession, conversation: string): Promise<ConversationState> {
    return this.#changes.run(async () => {
      const { store } = this.#options;
      const { name } = session.account;
      if (await store.rooms.get(conversation) === undefined) {
        throw new ProtocolError("unknown_conversation", "There is no room of that name.");
      }
      if (await store.conversations.isMember(conversation, name)) {
        return await this.#stateOf(name, conversation);
      }
      await this.#checkLimit(name, "joined");
      await store.rooms.addMembers(conversation, [name]);
      const state = await this.#subscribe(session, conversation, [name]);
      this.#notify(session, { conversation, change: "joined" });
      return state;
    });
  }

  /** Leaves a room or group. A group that its last member leaves is deleted. */
  leave(session: SignedInSession, conversation: string): Promise<void> {
    return this.#changes.run(async () => {
      const { store, conversations } = this.#options;
      const { name } = session.account;
      await this.#requireMember(session, conversation);
      const isGroup = parseConversation(conversation)?.type === "group";
      const isLast = isGroup && (await store.conversations.members(conversation)).length === 1;
      if (isLast) await store.rooms.delete(conversation);
      else await store.rooms.removeMembers(conversation, [name]);
      this.#notify(session, { conversation, change: "left" });
      conversations.removeMember(name, conversation);
    });
  }

  /** Deletes a group, with everything that was said in it. */
  delete(session: SignedInSession, conversation: string): Promise<void> {
    return this.#changes.run(async () => {
      const { store, conversations } = this.#options;
      await this.#requireCreator(session, conversation);
      const members = await store.conversations.members(conversation);
      await store.rooms.delete(conversation);
      this.#notify(session, { conversation, change: "deleted" });
      for (const { name } of members) conversations.removeMember(name, conversation);
    });
  }

  /** Puts people into a group; returns who has been added. Those who are in it already stay. */
  add(session: SignedInSession, conversation: string, users: readonly string[]): Promise<string[]> {
    return this.#changes.run(async () => {
      const { store } = this.#options;
      await this.#requireCreator(session, conversation);
      await this.#checkAccounts(users);
      const members = new Set(
        (await store.conversations.members(conversation)).map(({ name }) => name),
      );
      const added = [...new Set(users)].filter((name) => !members.has(name));
      if (added.length === 0) return added;
      if (members.size + added.length > LIMITS.members) {
        const message = `A group has at most ${LIMITS.members} members.`;
        throw new ProtocolError("quota_exceeded", message);
      }
      for (const name of added) await this.#checkLimit(name, "joined");
      await store.rooms.addMembers(conversation, added);
      await this.#subscribe(session, conversation, added);
      this.#notify(session, { conversation, change: "added", users: added });
      return added;
    });
  }

  /** Takes people out of a group. */
  remove(session: SignedInSession, conversation: string, users: readonly string[]): Promise<void> {
    return this.#changes.run(async () => {
      const { store, conversations } = this.#options;
      await this.#requireCreator(session, conversation);
      if (users.includes(session.account.name)) {
        throw new ProtocolError("not_allowed", "To go yourself, leave the group, or delete it.");
      }
      const members = new Set(
        (await store.conversations.members(conversation)).map(({ name }) => name),
      );
      const strangers = users.filter((name) => !members.has(name));
      if (strangers.length > 0) {
        throw new ProtocolError("not_a_member", `Not in that group: ${strangers.join(", ")}.`);
      }
      const removed = [...new Set(users)];
      await store.rooms.removeMembers(conversation, removed);
      this.#notify(session, { conversation, change: "removed", users: removed });
      for (const name of removed) conversations.removeMember(name, conversation);
    });
  }

  setTopic(session: SignedInSession, conversation: string, topic: string): Promise<void> {
    return this.#changes.run(async () => {
      await this.#requireMember(session, conversation);
      checkTopic(topic);
      await this.#options.store.rooms.setTopic(conversation, topic);
      this.#notify(session, { conversation, change: "topic", topic });
    });
  }

  /**
   * Hands on how far each of the account's conversations has come, in turn with the changes: every
   * change that the list does not have yet is told after it. So nobody forgets a room that another of
   * their devices has just joined, nor goes on in a group that is gone.
   */
  sendStates(
    session: SignedInSession,
    tell: (states: readonly ConversationState[]) => void,
  ): Promise<void> {
    const { conversations } = this.#options;
    return this.#changes.run(async () => tell(await conversations.states(session.account.name)));
  }

  /** All rooms, or the groups that the account is in. */
  list(account: string, kind: "rooms" | "groups"): Promise<ListedRoom[]> {
    return this.#options.store.rooms.list(account, kind);
  }

  /** Who is in a room, or in a group of one's own, online or not. */
  async members(
    session: SignedInSession,
    conversation: string,
  ): Promise<{ readonly creator: string | undefined; readonly users: User[] }> {
    const { store, presence } = this.#options;
    const isRoom = parseConversation(conversation)?.type === "room";
    const room = isRoom
      ? await store.rooms.get(conversation)
      : await this.#requireMember(session, conversation);
    if (room === undefined) throw new ProtocolError("unknown_conversation");
    const members = await store.conversations.members(conversation);
    const users = members.map(({ number, name }) => ({
      number,
      name,
      status: presence.statusOf(name),
    }));
    return { creator: room.creator, users };
  }

  /**
   * New members begin to hear what is said, and are told so. Their states are read after that, so
   * that no message falls between the two. Returns the session's own.
   */
  async #subscribe(
    session: SignedInSession,
    conversation: string,
    members: readonly string[],
  ): Promise<ConversationState> {
    const { conversations, presence } = this.#options;
    for (const name of members) conversations.addMember(name, conversation);
    for (const name of members) {
      const others = presence.sessionsOf(name).filter((other) => other !== session);
      if (others.length === 0) continue;
      const state = await this.#stateOf(name, conversation);
      const frame = encodeFrame({ type: "conversation", ...state });
      for (const other of others) other.push(frame);
    }
    return await this.#stateOf(session.account.name, conversation);
  }

  async #stateOf(account: string, conversation: string): Promise<ConversationState> {
    const state = await this.#options.store.conversations.state(account, conversation);
    if (state === undefined) throw new ProtocolError("unknown_conversation");
    const { held: _, ...rest } = state;
    return rest;
  }

  /** Tells everyone who is in the room or group now, but for the session that asked. */
  #notify(session: SignedInSession, change: Change): void {
    const frame: ServerFrame = { type: "changed", by: session.account.name, ...change };
    const bytes = encodeFrame(frame);
    for (const listener of this.#options.conversations.audienceOf(change.conversation)) {
      if (listener !== session) listener.push(bytes);
    }
  }

  /** A room or group that the session is in. */
  async #requireMember(session: SignedInSession, conversation: string): Promise<Room> {
    const { store, conversations } = this.#options;
    const objection = await conversations.accessError(session, conversation);
    if (objection !== undefined) throw new ProtocolError(objection);
    const room = await store.rooms.get(conversation);
    if (room === undefined) throw new ProtocolError("unknown_conversation");
    return room;
  }

  async #requireCreator(session: SignedInSession, conversation: string): Promise<void> {
    const { creator } = await this.#requireMember(session, conversation);
    if (creator === session.account.name) return;
    throw new ProtocolError("not_allowed", "Only who made the group may do that.");
  }

  async #checkAccounts(names: readonly string[]): Promise<void> {
    const unknown: string[] = [];
    for (const name of names) {
      if (await this.#options.store.accounts.byName(name) === undefined) unknown.push(name);
    }
    if (unknown.length === 0) return;
    throw new ProtocolError("unknown_user", `No such user: ${unknown.join(", ")}.`);
  }

  /** Whether the account may make, or be in, one more. */
  async #checkLimit(account: string, count: "made" | "joined"): Promise<void> {
    if ((await this.#options.store.rooms.countOf(account))[count] < LIMITS[count]) return;
    const message = count === "made"
      ? `You have made ${LIMITS.made} rooms and groups, which is all that you may.`
      : `${account} is in ${LIMITS.joined} rooms and groups, and can be in no more.`;
    throw new ProtocolError("quota_exceeded", message);
  }

  async #checkRooms(): Promise<void> {
    const { store, rooms } = this.#options;
    if (await store.rooms.countRooms() < rooms) return;
    throw new ProtocolError("quota_exceeded", `There are ${rooms} rooms here, and can be no more.`);
  }
}

function checkTopic(topic: string): void {
  const isOneLine = !NOT_ONE_LINE.test(topic);
  if (isOneLine && new TextEncoder().encode(topic).length <= LIMITS.topic) return;
  throw new ProtocolError("bad_topic");
}
