/**
 * Rooms and groups as this client sees them: which ones the account is in, which room is the
 * current one, and what a person does with them. What is said there is not its business
 * (`talk.ts`).
 */
import type { ConversationState, ServerFrame, ServerFrames } from "../../protocol/frame.ts";
import { dmOf, GENERAL, parseConversation } from "../../protocol/names.ts";
import { RefusedError, type Requests } from "../session/requests.ts";
import type { ChangedEvent, ChatEvent, ConversationName, Intent } from "../events.ts";

export type RoomIntent = Extract<
  Intent,
  { type: "list" | "members" | "join" | "leave" | "create" | "topic" | "add" | "remove" | "delete" }
>;

export interface RoomsOptions {
  readonly asking: Pick<Requests, "ask">;
  readonly emit: (event: ChatEvent) => void;
  /** The account's own name. */
  readonly self: () => string;
  /** The account is not in this conversation any more. */
  readonly forget: (conversation: string) => void;
}

export class Rooms {
  readonly #options: RoomsOptions;
  #joined = new Set<string>();
  /** What the list that is coming has named so far. */
  #named = new Set<string>();
  #room: string | undefined = GENERAL;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  /** Where text goes. Throws `RefusedError` when the account is in no room. */
  get room(): string {
    if (this.#room !== undefined) return this.#room;
    throw new RefusedError("no_room", "You are in no room. Type /join ROOM; /rooms lists them.");
  }

  /** Takes what a server says of rooms and groups; others may take the same frame too. */
  receive(frame: ServerFrame): void {
    switch (frame.type) {
      case "conversations":
        return this.#listed(frame.conversations, frame.more);
      case "conversation":
        return this.#admitted(frame.conversation);
      case "changed":
        return this.#changed(frame);
    }
  }

  /** The ID of the conversation that is meant. Throws `RefusedError`. */
  find({ type, name }: ConversationName): string {
    if (type !== "person") return this.#meant(`${type}:${name}`);
    const self = this.#options.self();
    if (name !== self) return dmOf(self, name);
    throw selfError();
  }

  /** Carries out what a person wants. Throws `RefusedError`. */
  async do(intent: RoomIntent): Promise<void> {
    const { asking, emit } = this.#options;
    switch (intent.type) {
      case "list":
        return await this.#list(intent.kind);
      case "members":
        return await this.#members(this.#meant(intent.conversation));
      case "join": {
        const { conversation } = intent;
        const isNew = !this.#joined.has(conversation);
        await asking.ask<"join">({ type: "join", conversation });
        if (isNew) this.#did({ conversation, change: "joined" });
        return this.#enter(conversation);
      }
      case "leave": {
        const conversation = this.#meant(intent.conversation);
        await asking.ask<"leave">({ type: "leave", conversation });
        return this.#did({ conversation, change: "left" });
      }
      case "create":
        return await this.#create(intent);
      case "topic": {
        const conversation = this.room;
        const { topic } = intent;
        await asking.ask<"topic">({ type: "topic", conversation, topic });
        return this.#did({ conversation, change: "topic", topic });
      }
      case "add":
        return await this.#add(intent.conversation, intent.users);
      case "remove": {
        const { conversation, users } = intent;
        await asking.ask<"remove">({ type: "remove", conversation, users: [...users] });
        return emit(this.#own({ conversation, change: "removed", users }));
      }
      case "delete": {
        const { conversation } = intent;
        await asking.ask<"delete">({ type: "delete", conversation });
        return this.#did({ conversation, change: "deleted" });
      }
    }
  }

  async #list(kind: "rooms" | "groups"): Promise<void> {
    const answer = await this.#options.asking.ask<"list">({ type: "list", kind });
    const listed = answer.flatMap(({ conversations }) => conversations);
    this.#options.emit(
      kind === "rooms" ? { event: "rooms", rooms: listed } : { event: "groups", groups: listed },
    );
  }

  async #members(conversation: string): Promise<void> {
    const answer = await this.#options.asking.ask<"members">({ type: "members", conversation });
    const creator = answer[0]?.creator;
    const users = answer.flatMap(({ users }) => users);
    this.#options.emit({
      event: "members",
      conversation,
      ...(creator !== undefined && { creator }),
      users,
    });
  }

  async #create(intent: Extract<Intent, { type: "create" }>): Promise<void> {
    const { conversation, topic } = intent;
    const self = this.#options.self();
    const members = intent.members?.filter((name) => name !== self);
    await this.#options.asking.ask<"create">({
      type: "create",
      conversation,
      ...(topic !== undefined && { topic }),
      ...(members !== undefined && { members }),
    });
    this.#did({
      conversation,
      change: "created",
      ...(members !== undefined && members.length > 0 && { users: members }),
      ...(topic !== undefined && { topic }),
    });
    if (parseConversation(conversation)?.type === "room") this.#enter(conversation);
  }

  /** Says who was added, and who was there already. */
  async #add(conversation: string, users: readonly string[]): Promise<void> {
    const { asking, emit } = this.#options;
    const [answer] = await asking.ask<"add">({ type: "add", conversation, users: [...users] });
    const added = answer?.users ?? users;
    if (added.length > 0) this.#did({ conversation, change: "added", users: added });
    const there = users.filter((name) => !added.includes(name));
    if (there.length === 0) return;
    const text = `Already in ${conversation}, and not added again: ${there.join(", ")}.`;
    emit({ event: "notice", code: "already_member", text });
  }

  #listed(states: readonly ConversationState[], more: boolean): void {
    for (const { conversation } of states) this.#named.add(conversation);
    if (more) return;
    this.#joined = this.#named;
    this.#named = new Set();
    this.#move();
  }

  #admitted(conversation: string): void {
    this.#joined.add(conversation);
    this.#move();
  }

  #changed({ conversation, change, by, users, topic }: ServerFrames["changed"]): void {
    const self = this.#options.self();
    this.#options.emit({
      event: "changed",
      conversation,
      change,
      by,
      ...(users !== undefined && { users }),
      ...(topic !== undefined && { topic }),
    });
    const isOut = change === "deleted" || (change === "left" && by === self) ||
      (change === "removed" && users?.includes(self) === true);
    if (isOut) this.#gone(conversation);
  }

  /** What this client did itself, and is not told. */
  #did(change: Omit<ChangedEvent, "event" | "by">): void {
    this.#options.emit(this.#own(change));
    if (change.change === "left" || change.change === "deleted") this.#gone(change.conversation);
  }

  #own(change: Omit<ChangedEvent, "event" | "by">): ChangedEvent {
    return { event: "changed", by: this.#options.self(), ...change };
  }

  #gone(conversation: string): void {
    this.#joined.delete(conversation);
    this.#options.forget(conversation);
    this.#move();
  }

  /** Out of a current room that the account is not in: to another one, if there is any. */
  #move(): void {
    if (this.#room !== undefined && this.#joined.has(this.#room)) return;
    const rooms = [...this.#joined].filter((id) => parseConversation(id)?.type === "room");
    this.#enter(rooms.includes(GENERAL) ? GENERAL : rooms[0]);
  }

  #enter(room: string | undefined): void {
    if (room === this.#room) return;
    this.#room = room;
    this.#options.emit({ event: "room", ...(room !== undefined && { conversation: room }) });
  }

  /** A room that is none of ours, but called like a group of ours, means the group. */
  #meant(conversation: string = this.room): string {
    const parsed = parseConversation(conversation);
    if (parsed?.type !== "room" || this.#joined.has(conversation)) return conversation;
    const group = `group:${parsed.name}`;
    return this.#joined.has(group) ? group : conversation;
  }
}

export function selfError(): RefusedError {
  return new RefusedError("to_self", "That is you. Name somebody else.");
}
