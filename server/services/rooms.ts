/**
 * Rooms and groups: creating, joining, leaving and changing them, and what their members are told
 * about it. Who receives the messages sent in them is kept by `audience.ts`.
 *
 * Changes are made one after the other, so that what was checked still holds when the change is made.
 * They are stored first, and then told to all members' sessions but the one that asked: it gets the
 * answer. What is refused changes nothing, and throws a `ProtocolError`.
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
import { GENERAL, isAllowedName, parseConversation } from "../../protocol/names.ts";
import { faultOfTopic } from "../../protocol/topic.ts";
import { SerialQueue } from "../../protocol/serial_queue.ts";
import type { Room } from "../store/rooms.ts";
import type { Store } from "../store/store.ts";
import type { Audience } from "./audience.ts";
import type { Conversations } from "./conversations.ts";
import type { Presence } from "./presence.ts";
import type { RoomLimits } from "./room_limits.ts";
import type { SignedInSession } from "./signed_in_session.ts";

interface RoomsOptions {
  readonly store: Pick<Store, "accounts" | "conversations" | "rooms">;
  readonly audience: Pick<Audience, "addMember" | "of" | "removeMember">;
  readonly conversations: Pick<Conversations, "accessError" | "states">;
  readonly presence: Pick<Presence, "sessionsOf" | "statusOf">;
  readonly limits: RoomLimits;
}

interface NewRoom {
  readonly conversation: string;
  readonly topic?: string | undefined;
  readonly members?: readonly string[] | undefined;
}

type Change = Omit<ServerFrames["changed"], "type" | "by">;

export class Rooms {
  readonly #options: RoomsOptions;
  readonly #changes = new SerialQueue();

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  /** Creates a room or group. Its creator is a member; so are the named members of a group. */
  create(session: SignedInSession, wanted: NewRoom): Promise<ConversationState> {
    return this.#changes.run(async () => {
      const creator = session.account.name;
      const { conversation, topic = "" } = wanted;
      const others = (wanted.members ?? []).filter((name) => name !== creator);
      const members = [...new Set([creator, ...others])];
      const type = await this.#checkNew(session, { conversation, topic, members });
      const { store } = this.#options;
      if (!await store.rooms.create({ conversation, topic, creator }, members)) {
        throw new ProtocolError("name_taken", `There is a ${type} of that name already.`);
      }
      if (type === "room") this.#options.limits.countRoom(session.address);
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

  /** Joins a room. No change if the account is in it already. */
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
      await this.#options.limits.checkJoined(name);
      await store.rooms.addMembers(conversation, [name]);
      const state = await this.#subscribe(session, conversation, [name]);
      this.#notify(session, { conversation, change: "joined" });
      return state;
    });
  }

  /** Leaves a room or group. A group is deleted with its last member. */
  leave(session: SignedInSession, conversation: string): Promise<void> {
    return this.#changes.run(async () => {
      const { store, audience } = this.#options;
      const { name } = session.account;
      await this.#requireMember(session, conversation);
      const isGroup = parseConversation(conversation)?.type === "group";
      const isLast = isGroup && (await store.conversations.members(conversation)).length === 1;
      if (isLast) await store.rooms.delete(conversation);
      else await store.rooms.removeMembers(conversation, [name]);
      this.#notify(session, { conversation, change: "left" });
      audience.removeMember(name, conversation);
    });
  }

  /** Deletes a room or group, with its messages and files. */
  delete(session: SignedInSession, conversation: string): Promise<void> {
    return this.#changes.run(async () => {
      const { store, audience } = this.#options;
      if (parseConversation(conversation)?.type === "room") {
        await this.#requireDeletable(session, conversation);
      } else await this.#requireCreator(session, conversation);
      const members = await store.conversations.members(conversation);
      await store.rooms.delete(conversation);
      this.#notify(session, { conversation, change: "deleted" });
      for (const { name } of members) audience.removeMember(name, conversation);
    });
  }

  /** Adds users to a group. Returns those who were not in it already. */
  add(session: SignedInSession, conversation: string, users: readonly string[]): Promise<string[]> {
    return this.#changes.run(async () => {
      const { store } = this.#options;
      await this.#requireCreator(session, conversation);
      await this.#checkAccounts(users);
      const members = await this.#memberNames(conversation);
      const added = [...new Set(users)].filter((name) => !members.has(name));
      if (added.length === 0) return added;
      if (members.size + added.length > LIMITS.members) {
        const message = `A group has at most ${LIMITS.members} members.`;
        throw new ProtocolError("quota_exceeded", message);
      }
      const creator = session.account.name;
      for (const name of added) await this.#options.limits.checkAdded(name, creator);
      await store.rooms.addMembers(conversation, added);
      await this.#subscribe(session, conversation, added);
      this.#notify(session, { conversation, change: "added", users: added });
      return added;
    });
  }

  /** Removes users from a group. */
  remove(session: SignedInSession, conversation: string, users: readonly string[]): Promise<void> {
    return this.#changes.run(async () => {
      const { store, audience } = this.#options;
      await this.#requireCreator(session, conversation);
      if (users.includes(session.account.name)) {
        const message = "You cannot remove yourself: leave the group, or delete it.";
        throw new ProtocolError("not_allowed", message);
      }
      const members = await this.#memberNames(conversation);
      const others = users.filter((name) => !members.has(name));
      if (others.length > 0) {
        throw new ProtocolError("not_a_member", `Not in that group: ${others.join(", ")}.`);
      }
      const removed = [...new Set(users)];
      await store.rooms.removeMembers(conversation, removed);
      this.#notify(session, { conversation, change: "removed", users: removed });
      for (const name of removed) audience.removeMember(name, conversation);
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
   * Passes on how far each of the account's conversations has come, between two changes: a change
   * that the list does not contain is told after it. So a client never forgets a room that another
   * device has just joined, nor stays in a group that was deleted.
   */
  sendStates(
    session: SignedInSession,
    send: (states: readonly ConversationState[]) => void,
  ): Promise<void> {
    const { conversations } = this.#options;
    return this.#changes.share(async () => send(await conversations.states(session.account.name)));
  }

  /** All rooms, or the groups that the account is in. */
  list(account: string, kind: "rooms" | "groups"): Promise<ListedRoom[]> {
    return this.#options.store.rooms.list(account, kind);
  }

  /** The members of a room, or of a group that the account is in, online or not. */
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
   * New members receive from now on what is sent, and are told so. Their states are read after that,
   * so that no message falls between the two. Returns the state for the session's account.
   */
  async #subscribe(
    session: SignedInSession,
    conversation: string,
    members: readonly string[],
  ): Promise<ConversationState> {
    const { audience, presence } = this.#options;
    for (const name of members) audience.addMember(name, conversation);
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

  async #memberNames(conversation: string): Promise<Set<string>> {
    const members = await this.#options.store.conversations.members(conversation);
    return new Set(members.map(({ name }) => name));
  }

  /** Tells all members' sessions but the one that asked. */
  #notify(session: SignedInSession, change: Change): void {
    const frame: ServerFrame = { type: "changed", by: session.account.name, ...change };
    const bytes = encodeFrame(frame);
    for (const member of this.#options.audience.of(change.conversation)) {
      if (member !== session) member.push(bytes);
    }
  }

  /** The room or group; throws if the account is not in it. */
  async #requireMember(session: SignedInSession, conversation: string): Promise<Room> {
    const { store, conversations } = this.#options;
    const denied = await conversations.accessError(session, conversation);
    if (denied !== undefined) throw new ProtocolError(denied);
    const room = await store.rooms.get(conversation);
    if (room === undefined) throw new ProtocolError("unknown_conversation");
    return room;
  }

  async #requireCreator(session: SignedInSession, conversation: string): Promise<void> {
    const { creator } = await this.#requireMember(session, conversation);
    if (creator === session.account.name) return;
    throw new ProtocolError("not_allowed", "Only the creator of the group can do that.");
  }

  /** The room may be deleted by an admin, and by its creator while no one else is in it. */
  async #requireDeletable(session: SignedInSession, conversation: string): Promise<void> {
    const { store } = this.#options;
    const { name } = session.account;
    const room = await store.rooms.get(conversation);
    if (room === undefined) throw new ProtocolError("unknown_conversation");
    if (conversation === GENERAL) {
      throw new ProtocolError("not_allowed", "Everyone begins in this room: it cannot be deleted.");
    }
    if (await store.accounts.isAdmin(name)) return;
    if (room.creator !== name) {
      const message = "Only the creator of the room, or an admin, can delete it.";
      throw new ProtocolError("not_allowed", message);
    }
    const members = await this.#memberNames(conversation);
    members.delete(name);
    if (members.size === 0) return;
    const message = "Others are in that room. Ask an admin to delete it, or wait until they leave.";
    throw new ProtocolError("not_allowed", message);
  }

  /** Throws if the room or group cannot be made. Returns which of the two it is. */
  async #checkNew(
    session: SignedInSession,
    { conversation, topic, members }: Pick<Room, "conversation" | "topic"> & {
      readonly members: readonly string[];
    },
  ): Promise<"room" | "group"> {
    const creator = session.account.name;
    const parsed = parseConversation(conversation);
    if (parsed === undefined || parsed.type === "dm" || !isAllowedName(parsed.name)) {
      throw new ProtocolError("bad_name", "That name is reserved for commands; choose another.");
    }
    checkTopic(topic);
    const others = members.filter((name) => name !== creator);
    if (parsed.type === "room" && others.length > 0) {
      const message = "Users join a room by themselves: create it without members.";
      throw new ProtocolError("not_allowed", message);
    }
    await this.#checkAccounts(others);
    const { limits } = this.#options;
    await limits.checkMade(creator);
    await limits.checkJoined(creator);
    for (const member of others) await limits.checkAdded(member, creator);
    if (parsed.type === "room") await limits.checkRooms(session.address);
    return parsed.type;
  }

  async #checkAccounts(names: readonly string[]): Promise<void> {
    const unknown: string[] = [];
    for (const name of names) {
      if (await this.#options.store.accounts.byName(name) === undefined) unknown.push(name);
    }
    if (unknown.length === 0) return;
    throw new ProtocolError("unknown_user", `No such user: ${unknown.join(", ")}.`);
  }
}

function checkTopic(topic: string): void {
  const fault = faultOfTopic(topic);
  if (fault !== undefined) throw new ProtocolError("bad_topic", fault);
}
