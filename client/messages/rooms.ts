/**
 * The account's rooms and groups: which ones it is in, which room is the current one, and the
 * commands about them. Messages are for `MessageExchange`.
 */
import type { ConversationState, ServerFrames } from "../../protocol/frame.ts";
import { dmOf, GENERAL, parseConversation } from "../../protocol/names.ts";
import { faultOfTopic } from "../../protocol/topic.ts";
import type { EventSink } from "../event_queue.ts";
import type { ChangedEvent, ConversationName, Intent } from "../events.ts";
import { RefusedError } from "../session/refused_error.ts";
import type { Requester } from "../session/requests.ts";

/**
 * How many conversations a client keeps. A server that names more, in lists or one by one, is not
 * followed: nothing that it sends makes the client grow without end.
 */
export const MAX_CONVERSATIONS = 10_000;

export type RoomIntent = Extract<
  Intent,
  { type: "list" | "members" | "join" | "leave" | "create" | "topic" | "add" | "remove" | "delete" }
>;

interface RoomsOptions {
  /** The account's name. */
  readonly account: string;
  readonly events: EventSink;
  readonly session: Pick<Requester, "request">;
}

export class Rooms {
  readonly #account: string;
  readonly #events: EventSink;
  readonly #session: Pick<Requester, "request">;
  #joined = new Set<string>();
  /** What the list that is coming has named so far. */
  #listed = new Set<string>();
  #current: string | undefined = GENERAL;

  constructor({ account, events, session }: RoomsOptions) {
    this.#account = account;
    this.#events = events;
    this.#session = session;
  }

  /** The room that text goes to. Throws `RefusedError` when the account is in no room. */
  get current(): string {
    if (this.#current !== undefined) return this.#current;
    throw new RefusedError("no_room", "You are in no room. Type /join ROOM; /rooms lists them.");
  }

  /** The ID of a conversation. Throws `RefusedError` for one with the account itself. */
  find({ type, name }: ConversationName): string {
    if (type !== "person") return this.#resolve(`${type}:${name}`);
    if (name !== this.#account) return dmOf(this.#account, name);
    throw selfError();
  }

  /** The server sends a list anew: the parts of an unfinished one are void. */
  restart(): void {
    this.#listed = new Set();
  }

  /** The server lists the account's conversations. */
  listed(states: readonly ConversationState[], more: boolean): void {
    for (const { conversation } of states) this.#listed.add(conversation);
    if (more) return;
    this.#joined = new Set([...this.#listed].slice(0, MAX_CONVERSATIONS));
    this.#listed = new Set();
    this.#leaveLostRoom();
  }

  /** The account is in this conversation from now on. */
  joined(conversation: string): void {
    if (this.#joined.size < MAX_CONVERSATIONS) this.#joined.add(conversation);
    this.#leaveLostRoom();
  }

  /** Another account changed a room or group. Returns whether this account has left it. */
  changed({ conversation, change, by, users, topic }: ServerFrames["changed"]): boolean {
    this.#events.put({
      event: "changed",
      conversation,
      change,
      by,
      ...(users !== undefined && { users }),
      ...(topic !== undefined && { topic }),
    });
    const isOut = change === "deleted" || (change === "left" && by === this.#account) ||
      (change === "removed" && users?.includes(this.#account) === true);
    if (isOut) this.#remove(conversation);
    return isOut;
  }

  /**
   * Carries out a command. Returns the conversation that the account is not in any more, if there
   * is one. Throws `RefusedError`.
   */
  async do(intent: RoomIntent): Promise<string | undefined> {
    switch (intent.type) {
      case "list":
        return await this.#list(intent.kind);
      case "members":
        return await this.#members(this.#resolve(intent.conversation));
      case "join":
        return await this.#join(intent.conversation);
      case "leave":
        return await this.#leave("leave", this.#resolve(intent.conversation));
      case "create":
        return await this.#create(intent);
      case "topic":
        return await this.#setTopic(this.current, intent.topic);
      case "add":
        return await this.#addMembers(intent.conversation, intent.users);
      case "remove":
        return await this.#removeMembers(intent.conversation, intent.users);
      case "delete":
        return await this.#leave("delete", intent.conversation);
    }
  }

  async #list(kind: "rooms" | "groups"): Promise<undefined> {
    const answer = await this.#session.request({ type: "list", kind });
    const listed = answer.flatMap(({ conversations }) => conversations);
    this.#events.put(
      kind === "rooms" ? { event: "rooms", rooms: listed } : { event: "groups", groups: listed },
    );
  }

  async #members(conversation: string): Promise<undefined> {
    const answer = await this.#session.request({ type: "members", conversation });
    const creator = answer[0]?.creator;
    const users = answer.flatMap(({ users }) => users);
    this.#events.put({
      event: "members",
      conversation,
      ...(creator !== undefined && { creator }),
      users,
    });
  }

  async #join(conversation: string): Promise<undefined> {
    const isNew = !this.#joined.has(conversation);
    await this.#session.request({ type: "join", conversation });
    if (isNew) this.#report({ conversation, change: "joined" });
    this.#enter(conversation);
  }

  async #leave(type: "leave" | "delete", conversation: string): Promise<string> {
    await this.#session.request({ type, conversation });
    this.#report({ conversation, change: type === "leave" ? "left" : "deleted" });
    this.#remove(conversation);
    return conversation;
  }

  async #create(intent: Extract<Intent, { type: "create" }>): Promise<undefined> {
    const { conversation, topic } = intent;
    const members = intent.members?.filter((name) => name !== this.#account);
    checkTopic(topic ?? "");
    await this.#session.request({
      type: "create",
      conversation,
      ...(topic !== undefined && { topic }),
      ...(members !== undefined && { members }),
    });
    this.#report({
      conversation,
      change: "created",
      ...(members !== undefined && members.length > 0 && { users: members }),
      ...(topic !== undefined && { topic }),
    });
    if (parseConversation(conversation)?.type === "room") this.#enter(conversation);
  }

  async #setTopic(conversation: string, topic: string): Promise<undefined> {
    checkTopic(topic);
    await this.#session.request({ type: "topic", conversation, topic });
    this.#report({ conversation, change: "topic", topic });
  }

  /** Reports who was added, and who was a member already. */
  async #addMembers(conversation: string, users: readonly string[]): Promise<undefined> {
    const [answer] = await this.#session.request({ type: "add", conversation, users: [...users] });
    const added = answer?.users ?? users;
    if (added.length > 0) this.#report({ conversation, change: "added", users: added });
    const members = users.filter((name) => !added.includes(name));
    if (members.length === 0) return;
    const text = `Already in ${conversation}, and not added again: ${members.join(", ")}.`;
    this.#events.put({ event: "notice", code: "already_member", text });
  }

  async #removeMembers(conversation: string, users: readonly string[]): Promise<undefined> {
    await this.#session.request({ type: "remove", conversation, users: [...users] });
    this.#report({ conversation, change: "removed", users });
  }

  /** Reports a change that this client made; the server tells only the others. */
  #report(change: Omit<ChangedEvent, "event" | "by">): void {
    this.#events.put({ event: "changed", by: this.#account, ...change });
  }

  #remove(conversation: string): void {
    this.#joined.delete(conversation);
    this.#leaveLostRoom();
  }

  /** If the account is not in the current room any more: enters another, if there is one. */
  #leaveLostRoom(): void {
    if (this.#current !== undefined && this.#joined.has(this.#current)) return;
    const rooms = [...this.#joined].filter((id) => parseConversation(id)?.type === "room");
    this.#enter(rooms.includes(GENERAL) ? GENERAL : rooms[0]);
  }

  #enter(room: string | undefined): void {
    if (room === this.#current) return;
    this.#current = room;
    this.#events.put({ event: "room", ...(room !== undefined && { conversation: room }) });
  }

  /** Takes the name of a room that the account is not in for its group of that name. */
  #resolve(conversation: string = this.current): string {
    const parsed = parseConversation(conversation);
    if (parsed?.type !== "room" || this.#joined.has(conversation)) return conversation;
    const group = `group:${parsed.name}`;
    return this.#joined.has(group) ? group : conversation;
  }
}

/** Throws `RefusedError` for a topic that no server takes: it may be too long for a frame. */
function checkTopic(topic: string): void {
  const fault = faultOfTopic(topic);
  if (fault !== undefined) throw new RefusedError("bad_topic", fault);
}

export function selfError(): RefusedError {
  return new RefusedError("to_self", "That is you. Name another account.");
}
