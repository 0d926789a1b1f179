/**
 * What a person does with secret messages: asks for the key where it was not given, seals, opens.
 * What cannot be done is a `RefusedError`, and nothing is sent.
 */
import type { Content } from "../protocol/frame.ts";
import { LIMITS } from "../protocol/limits.ts";
import { RefusedError } from "./asking.ts";
import type { Intent, OpenedEvent } from "./events.ts";
import type { Prompts } from "./prompts.ts";
import { type SealedMessages, sealText } from "./secrets.ts";

export interface SecrecyOptions {
  readonly sealed: SealedMessages;
  readonly prompts: Prompts;
  /** The account's own name. */
  readonly self: () => string;
  /** Bytes that nobody can guess. */
  readonly random: (length: number) => Uint8Array;
}

export class Secrecy {
  readonly #options: SecrecyOptions;

  constructor(options: SecrecyOptions) {
    this.#options = options;
  }

  /** The content of the message `ulid`. */
  async seal(intent: Extract<Intent, { type: "secret" }>, ulid: string): Promise<Content> {
    const { prompts, self, random } = this.#options;
    const { to } = intent;
    const passphrase = intent.passphrase || await prompts.passphrase("seal", to);
    const text = intent.text ?? (passphrase ? await prompts.secretText(to) : undefined);
    if (!passphrase || text === undefined || text.trim() === "") {
      const message = "Nothing was sent: a secret message takes a key and a text. " +
        "Where nothing can be asked: @secret USER KEY TEXT.";
      throw new RefusedError("no_passphrase", message);
    }
    checkLength(text);
    const body = await sealText({ text, passphrase, from: self(), to, ulid }, random);
    return { kind: "sealed", body };
  }

  /** Opens one that came. */
  async open({ id, passphrase }: Extract<Intent, { type: "open" }>): Promise<OpenedEvent> {
    const { sealed: messages, prompts } = this.#options;
    const sealed = messages.find(id);
    if (sealed === undefined) {
      const message = id === undefined
        ? "No sealed message has come since this client was started."
        : "No sealed message here has that number or ID.";
      throw new RefusedError("unknown_message", message);
    }
    const key = passphrase || await prompts.passphrase("open", sealed.from);
    if (!key) {
      const message = "It stays sealed: opening takes a key. Where nothing can be asked: " +
        "/open ID KEY.";
      throw new RefusedError("no_passphrase", message);
    }
    const opened = await messages.open(sealed, key);
    if (opened.type === "failed") throw new RefusedError(opened.code, opened.message);
    return { event: "opened", id: sealed.ulid, from: sealed.from, text: opened.text };
  }
}

/** Throws `RefusedError` for a text that is longer than any message. */
export function checkLength(text: string): void {
  const { length } = new TextEncoder().encode(text);
  if (length <= LIMITS.text) return;
  const message = `Not sent: the text has ${length} bytes, and ${LIMITS.text} are the most.`;
  throw new RefusedError("message_too_large", message);
}
