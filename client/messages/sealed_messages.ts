/**
 * Sealed messages that came, numbered for `/open`, and how to seal and open one. It keeps no
 * passphrase and no plain text, and writes no log.
 */
import type { Message } from "../../protocol/frame.ts";
import { peerOf } from "../../protocol/names.ts";

/** Messages that are kept. One more drops the oldest. */
const MAX_MESSAGES = 256;

interface Sealed {
  /** 1, 2, 3… in the order in which they came. */
  readonly number: number;
  readonly ulid: string;
  readonly from: string;
  readonly to: string;
  readonly envelope: Uint8Array;
}

export type Opened =
  | { readonly type: "opened"; readonly sealed: Sealed; readonly text: string }
  | { readonly type: "failed"; readonly code: OpenError; readonly message: string };

type OpenError = "wrong_passphrase" | "damaged" | "unsupported";

const FAILURES: Readonly<Record<OpenError, string>> = {
  wrong_passphrase: "That is the wrong key for this message. Type /open and the right one.",
  damaged: "This message is damaged: it was changed on its way, and no key opens it.",
  unsupported: "This message was sealed in a way that this version does not know.",
};

interface Sealing {
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

export class SealedMessages {
  readonly #account: string;
  readonly #nextNumber: () => number;
  readonly #max: number;
  #kept: Sealed[] = [];

  /** `account`: the account's name. `nextNumber` gives each message its number. */
  constructor(account: string, nextNumber: () => number, max = MAX_MESSAGES) {
    this.#account = account;
    this.#nextNumber = nextNumber;
    this.#max = max;
  }

  /** Keeps a sealed message; `undefined`: its content is not a sealed one. */
  keep({ ulid, from, conversation, content }: Message): Sealed | undefined {
    const self = this.#account;
    const to = from === self ? peerOf(conversation, self) : self;
    if (to === undefined || typeof content.body === "string") return undefined;
    const sealed = { number: this.#nextNumber(), ulid, from, to, envelope: content.body };
    this.#kept.push(sealed);
    if (this.#kept.length > this.#max) this.#kept.shift();
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
