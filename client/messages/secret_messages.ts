/**
 * The commands about secret messages: it asks for a key that was not given, seals, opens, and
 * remembers keys. A command that cannot be carried out is a `RefusedError`, and sends nothing.
 *
 * Keys stay in memory, until the user forgets them, changes the account, or the client ends.
 */
import type { Content } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Intent, NoticeEvent, OpenedEvent } from "../events.ts";
import type { Prompts } from "../session/prompts.ts";
import { RefusedError } from "../session/refused_error.ts";
import { type Opened, type SealedMessages, sealText } from "./sealed_messages.ts";

interface SecretMessagesOptions {
  readonly sealed: SealedMessages;
  readonly prompts: Prompts;
  /** The account's name. */
  readonly account: string;
  /** Cryptographically random bytes. */
  readonly random: (length: number) => Uint8Array;
}

/** Keys that can be remembered: one for each person. */
const MAX_KEYS = 64;

export class SecretMessages {
  readonly #options: SecretMessagesOptions;
  /** By person: the key for messages to and from them. */
  readonly #keys = new Map<string, string>();

  constructor(options: SecretMessagesOptions) {
    this.#options = options;
  }

  /** Seals the message with this ULID. Throws `RefusedError`. */
  async seal(intent: Extract<Intent, { type: "secret" }>, ulid: string): Promise<Content> {
    const { prompts, account, random } = this.#options;
    const { to } = intent;
    const passphrase = intent.passphrase || this.#keys.get(to) ||
      await prompts.passphrase("seal", to);
    const text = intent.text ?? (passphrase ? await prompts.secretText(to) : undefined);
    if (!passphrase || text === undefined || text.trim() === "") {
      const message = "Nothing was sent: a secret message takes a key and a text. " +
        "Where nothing can be asked: @secret USER KEY TEXT.";
      throw new RefusedError("no_passphrase", message);
    }
    checkLength(text);
    const body = await sealText({ text, passphrase, from: account, to, ulid }, random);
    return { kind: "sealed", body };
  }

  /** Opens a message. Throws `RefusedError`. */
  async open({ id, passphrase }: Extract<Intent, { type: "open" }>): Promise<OpenedEvent> {
    const { sealed: messages, prompts } = this.#options;
    const sealed = messages.find(id);
    if (sealed === undefined) {
      const message = id === undefined
        ? "No sealed message has come since this client was started."
        : "No sealed message here has that number or ID.";
      throw new RefusedError("unknown_message", message);
    }
    const person = sealed.from === this.#options.account ? sealed.to : sealed.from;
    const remembered = passphrase ? undefined : this.#keys.get(person);
    if (remembered !== undefined) {
      const opened = await messages.open(sealed, remembered);
      if (opened.type === "opened") return openedEvent(opened);
      // Sealed with another key: ask for that one.
      if (opened.code !== "wrong_passphrase") throw new RefusedError(opened.code, opened.message);
    }
    const key = passphrase || await prompts.passphrase("open", sealed.from);
    if (!key) {
      const message = "It stays sealed: opening takes a key. Where nothing can be asked: " +
        "/open ID KEY.";
      throw new RefusedError("no_passphrase", message);
    }
    const opened = await messages.open(sealed, key);
    if (opened.type === "failed") throw new RefusedError(opened.code, opened.message);
    return openedEvent(opened);
  }

  /** Remembers a key or forgets some. Returns whose are remembered. Throws `RefusedError`. */
  async remember(intent: Extract<Intent, { type: "keys" }>): Promise<NoticeEvent> {
    const { change, user } = intent;
    if (change === "forget" && user === undefined) this.#keys.clear();
    else if (change === "forget" && user !== undefined) this.#keys.delete(user);
    else if (user !== undefined) await this.#keep(user, intent.passphrase);
    const names = [...this.#keys.keys()].toSorted().join(", ");
    const text = names === ""
      ? "No key is remembered."
      : `Until you leave, no key is asked for with ${names}.`;
    return { event: "notice", code: "keys", text };
  }

  async #keep(user: string, given: string | undefined): Promise<void> {
    const passphrase = given || await this.#options.prompts.passphrase("seal", user);
    if (!passphrase) {
      const message = "No key was remembered. Where nothing can be asked: /keys remember USER KEY.";
      throw new RefusedError("no_passphrase", message);
    }
    if (!this.#keys.has(user) && this.#keys.size >= MAX_KEYS) {
      const message = `No more than ${MAX_KEYS} keys are remembered. Type /keys forget USER first.`;
      throw new RefusedError("queue_full", message);
    }
    this.#keys.set(user, passphrase);
  }
}

function openedEvent({ sealed, text }: Extract<Opened, { type: "opened" }>): OpenedEvent {
  return { event: "opened", id: sealed.ulid, from: sealed.from, text };
}

/** Throws `RefusedError` for a text that is too long for a message. */
export function checkLength(text: string): void {
  const { length } = new TextEncoder().encode(text);
  if (length <= LIMITS.text) return;
  const message = `Not sent: the text has ${length} bytes, and ${LIMITS.text} are the most.`;
  throw new RefusedError("message_too_large", message);
}
