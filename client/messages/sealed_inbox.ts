/**
 * Sealed messages that came and wait to be opened, and the opening and sealing themselves.
 * Passphrases and plain text pass through and are not kept; nothing here writes a log.
 */
import type { Message } from "../../protocol/frame.ts";
import { peerOf } from "../../protocol/names.ts";

/** Sealed messages that are kept; past it the oldest is forgotten. */
const MOST = 256;

export interface Sealed {
  /** 1, 2, 3… as they came. */
  readonly number: number;
  readonly ulid: string;
  readonly from: string;
  readonly to: string;
  readonly envelope: Uint8Array;
}

export type Opened =
  | { readonly type: "opened"; readonly sealed: Sealed; readonly text: string }
  | { readonly type: "failed"; readonly code: OpenError; readonly message: string };

export type OpenError = "wrong_passphrase" | "damaged" | "unsupported";

const FAILURES: Readonly<Record<OpenError, string>> = {
  wrong_passphrase: "That is the wrong key for this message. Type /open and the right one.",
  damaged: "This message is damaged: it was changed on its way, and no key opens it.",
  unsupported: "This message was sealed in a way that this version does not know.",
};

export interface Sealing {
  readonly text: string;
  readonly passphrase: string;
  readonly from: string;
  readonly to: string;
  readonly ulid: string;
}

/** Seals a text. */
export async function sealText(
  sealing: Sealing,
  random: (length: number) => Uint8Array,
): Promise<Uint8Array> {
  // Loaded when it is first needed: deriving keys is no part of a quick start.
  const { seal } = await import("../../protocol/secret.ts");
  return await seal(sealing, random);
}

export class SealedInbox {
  readonly #self: () => string;
  readonly #most: number;
  #kept: Sealed[] = [];
  #count = 0;

  /** `self`: the account's own name, which is the recipient of most. */
  constructor(self: () => string, most = MOST) {
    this.#self = self;
    this.#most = most;
  }

  /** Keeps a message whose content is sealed; `undefined` when it is not what it says. */
  keep({ ulid, from, conversation, content }: Message): Sealed | undefined {
    const self = this.#self();
    const to = from === self ? peerOf(conversation, self) : self;
    if (to === undefined || typeof content.body === "string") return undefined;
    const sealed = { number: ++this.#count, ulid, from, to, envelope: content.body };
    this.#kept.push(sealed);
    if (this.#kept.length > this.#most) this.#kept.shift();
    return sealed;
  }

  /** By its number or ULID; without either, the newest. */
  find(id?: string): Sealed | undefined {
    if (id === undefined) return this.#kept.at(-1);
    return this.#kept.find(({ number, ulid }) => ulid === id || String(number) === id);
  }

  async open(sealed: Sealed, passphrase: string): Promise<Opened> {
    const { open } = await import("../../protocol/secret.ts");
    const { envelope, from, to, ulid } = sealed;
    const result = await open({ envelope, passphrase, from, to, ulid });
    if (result.ok) return { type: "opened", sealed, text: result.text };
    return { type: "failed", code: result.reason, message: FAILURES[result.reason] };
  }
}
