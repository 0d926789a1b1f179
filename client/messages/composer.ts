/**
 * What a person says, made into messages that wait to be sent: to everyone in a room or group, to
 * people privately, or sealed. What cannot be said is a `RefusedError`, and nothing is sent.
 */
import type { Content } from "../../protocol/frame.ts";
import { RefusedError, type Requests } from "../session/requests.ts";
import type { Intent } from "../events.ts";
import { type Rooms, selfError } from "./rooms.ts";
import { recipientsOf, unknownText } from "./recipients.ts";
import { checkLength, type SecretMessages } from "./secret_messages.ts";
import type { MessageExchange } from "./message_exchange.ts";

export type MessageIntent = Extract<Intent, { type: "say" | "private" | "reply" | "secret" }>;

export interface ComposerOptions {
  readonly talk: () => Pick<MessageExchange, "say" | "unsent" | "newestPrivate">;
  readonly places: Pick<Rooms, "find" | "room">;
  readonly asking: Pick<Requests, "ask" | "can">;
  readonly secrecy: Pick<SecretMessages, "seal">;
  /** The account's own name. */
  readonly self: () => string;
  /** Makes an ID for a message. */
  readonly ulid: () => string;
  /** Something that a person should know, though the rest was done. */
  readonly object: (code: string, message: string) => void;
}

export class Composer {
  readonly #options: ComposerOptions;

  constructor(options: ComposerOptions) {
    this.#options = options;
  }

  /** Throws `RefusedError`. */
  async do(saying: MessageIntent): Promise<void> {
    switch (saying.type) {
      case "say":
        return this.#say(saying.conversation ?? this.#options.places.room, saying.text);
      case "private":
        return await this.#sayPrivately(saying);
      case "reply":
        return this.#say(this.#newestPrivate(), saying.text);
      case "secret":
        return await this.#saySecret(saying);
    }
  }

  /**
   * The conversations with people, by name or number. Who does not exist is told at once. Throws
   * `RefusedError`; `meant` does where the account itself was meant, once the others are served.
   */
  async with(who: readonly (string | number)[]): Promise<PrivateConversations> {
    const { places, asking, self, object } = this.#options;
    const { names, unknown } = await recipientsOf(who, asking);
    if (unknown.length > 0) object("unknown_user", unknownText(unknown));
    const others = names.filter((name) => name !== self());
    return {
      conversations: others.map((name) => places.find({ type: "person", name })),
      meant: () => {
        if (others.length === names.length) return;
        if (others.length === 0) throw selfError();
        const message = "It goes to the others, and not to you: you have named yourself too.";
        throw new RefusedError("to_self", message);
      },
    };
  }

  /** Lets a message wait to be sent. Throws `RefusedError` when too many do. */
  put(ulid: string, conversation: string, content: Content): void {
    const talk = this.#options.talk();
    if (talk.say(ulid, conversation, content)) return;
    const message = `Not sent: ${talk.unsent} messages wait to be sent already. ` +
      "Say it again when they have gone.";
    throw new RefusedError("queue_full", message);
  }

  #say(conversation: string, text: string): void {
    checkLength(text);
    this.put(this.#options.ulid(), conversation, { kind: "text", body: text });
  }

  #newestPrivate(): string {
    const { newestPrivate } = this.#options.talk();
    if (newestPrivate !== undefined) return newestPrivate;
    const message = "Nobody has said anything to you privately here yet. Type @USER TEXT.";
    throw new RefusedError("unknown_message", message);
  }

  async #sayPrivately({ to, text }: Extract<MessageIntent, { type: "private" }>): Promise<void> {
    const { conversations, meant } = await this.with(to);
    checkLength(text);
    for (const conversation of conversations) this.#say(conversation, text);
    meant();
  }

  async #saySecret(saying: Extract<MessageIntent, { type: "secret" }>): Promise<void> {
    const { places, secrecy, ulid: makeUlid } = this.#options;
    const conversation = places.find({ type: "person", name: saying.to });
    const ulid = makeUlid();
    this.put(ulid, conversation, await secrecy.seal(saying, ulid));
  }
}

export interface PrivateConversations {
  readonly conversations: readonly string[];
  /** Throws `RefusedError` if one of them would be with oneself. */
  readonly meant: () => void;
}
