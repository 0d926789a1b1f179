/**
 * Commands that say something, made into messages for the `SendQueue`: to a room or group, to
 * people privately, or sealed. A command that cannot be carried out is a `RefusedError`, and sends
 * nothing.
 */
import type { EventSink } from "../event_queue.ts";
import type { Intent } from "../events.ts";
import { RefusedError } from "../session/refused_error.ts";
import type { Requester } from "../session/requests.ts";
import type { Inbox } from "./inbox.ts";
import { findRecipients, unknownText } from "./recipients.ts";
import { type Rooms, selfError } from "./rooms.ts";
import { checkLength, type SecretMessages } from "./secret_messages.ts";
import type { SendQueue } from "./send_queue.ts";

type MessageIntent = Extract<Intent, { type: "say" | "private" | "reply" | "secret" }>;

interface ComposerOptions {
  /** The account's name. */
  readonly account: string;
  readonly queue: Pick<SendQueue, "add">;
  readonly inbox: Pick<Inbox, "newestPrivate">;
  readonly rooms: Pick<Rooms, "find" | "current">;
  readonly session: Requester;
  readonly secrets: Pick<SecretMessages, "seal">;
  /** Makes the ID of a message. */
  readonly ulid: () => string;
  readonly events: EventSink;
}

/** The conversations with several people. */
interface PrivateConversations {
  readonly conversations: readonly string[];
  /** The user named the account itself too: thrown once the others have their message. */
  readonly refusal: RefusedError | undefined;
}

export class Composer {
  readonly #options: ComposerOptions;

  constructor(options: ComposerOptions) {
    this.#options = options;
  }

  /** Throws `RefusedError`. */
  async do(intent: MessageIntent): Promise<void> {
    switch (intent.type) {
      case "say":
        return this.#sendText(intent.conversation ?? this.#options.rooms.current, intent.text);
      case "private":
        return await this.#sendPrivately(intent);
      case "reply":
        return this.#sendText(this.#newestPrivate(), intent.text);
      case "secret":
        return await this.#sendSecret(intent);
    }
  }

  /**
   * The conversations with people, by name or number. Reports those who do not exist. Throws
   * `RefusedError`.
   */
  async conversationsWith(to: readonly (string | number)[]): Promise<PrivateConversations> {
    const { account, rooms, session, events } = this.#options;
    const { names, unknown } = await findRecipients(to, session);
    if (unknown.length > 0) {
      events.put({ event: "error", code: "unknown_user", message: unknownText(unknown) });
    }
    const others = names.filter((name) => name !== account);
    return {
      conversations: others.map((name) => rooms.find({ type: "person", name })),
      refusal: others.length === names.length ? undefined : selfRefusal(others.length),
    };
  }

  #sendText(conversation: string, text: string): void {
    checkLength(text);
    const { queue, ulid } = this.#options;
    queue.add({ ulid: ulid(), conversation, content: { kind: "text", body: text } });
  }

  #newestPrivate(): string {
    const { newestPrivate } = this.#options.inbox;
    if (newestPrivate !== undefined) return newestPrivate;
    const message = "No private message has come here yet. Type @USER TEXT.";
    throw new RefusedError("unknown_message", message);
  }

  async #sendPrivately({ to, text }: Extract<MessageIntent, { type: "private" }>): Promise<void> {
    const { conversations, refusal } = await this.conversationsWith(to);
    checkLength(text);
    for (const conversation of conversations) this.#sendText(conversation, text);
    if (refusal !== undefined) throw refusal;
  }

  async #sendSecret(intent: Extract<MessageIntent, { type: "secret" }>): Promise<void> {
    const { queue, rooms, secrets, ulid: nextUlid } = this.#options;
    const conversation = rooms.find({ type: "person", name: intent.to });
    const ulid = nextUlid();
    queue.add({ ulid, conversation, content: await secrets.seal(intent, ulid) });
  }
}

function selfRefusal(others: number): RefusedError {
  if (others === 0) return selfError();
  const message = "It goes to the others, and not to you: you have named yourself too.";
  return new RefusedError("to_self", message);
}
