/**
 * Questions that are answered in the line where people type: one after the other. What must not be
 * seen is not drawn. Which answer a question has is not kept.
 */
import { LIMITS } from "../../../protocol/limits.ts";
import { safeLabel } from "../../../protocol/safe_text.ts";
import type { Credentials, CredentialsRequest, Prompts } from "../../session/prompts.ts";
import { edit, type Editor, EMPTY } from "./editor.ts";
import type { Key } from "./keys.ts";

/** A question that is being put. */
export interface Question {
  readonly text: string;
  /** Nothing of the answer is drawn. */
  readonly secret: boolean;
  readonly editor: Editor;
}

/** What became of a key. */
export type Answering = "answered" | "going_on" | "interrupt";

interface Asked extends Question {
  readonly answer: (text: string | undefined) => void;
}

export interface QuestionsOptions {
  /** Called whenever what is to be drawn has changed. */
  readonly onChange: () => void;
  /** Says something between questions. */
  readonly tell: (text: string) => void;
}

export class Questions implements Prompts {
  readonly #options: QuestionsOptions;
  readonly #waiting: Asked[] = [];
  #closed = false;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** The one that is being put now. */
  get current(): Question | undefined {
    return this.#waiting[0];
  }

  /** Takes a key for the question that is being put. */
  press(key: Key): Answering {
    const asked = this.#waiting[0];
    if (asked === undefined) return "answered";
    const [editor, action] = edit(asked.editor, key);
    switch (action.type) {
      case "submit":
        this.#settle(asked, action.text);
        return "answered";
      case "cancel":
      case "end":
        this.#settle(asked, undefined);
        return "answered";
      case "interrupt":
        return "interrupt";
      default:
        // A secret has no history to look at, and nothing to complete.
        this.#waiting[0] = { ...asked, editor };
        return "going_on";
    }
  }

  /** Nobody answers any more. */
  close(): void {
    this.#closed = true;
    for (const asked of [...this.#waiting]) this.#settle(asked, undefined);
  }

  async credentials(
    { user, intent, signal }: CredentialsRequest,
  ): Promise<Credentials | undefined> {
    const name = user ?? await this.#ask("Name: ", false, signal);
    if (name === undefined) return undefined;
    const question = `Password of ${safeLabel(name, LIMITS.name)}: `;
    for (let attempt = 0; attempt < 3; attempt++) {
      const password = await this.#ask(question, true, signal);
      if (password === undefined) return undefined;
      if (intent !== "register") return { user: name, password };
      const again = await this.#ask("The same again: ", true, signal);
      if (again === password) return { user: name, password };
      if (again === undefined) return undefined;
      this.#options.tell("Those two were not the same.");
    }
    return undefined;
  }

  passphrase(purpose: "seal" | "open", person: string): Promise<string | undefined> {
    const who = safeLabel(person, LIMITS.name);
    const whose = purpose === "seal" ? `for ${who}` : `of the message from ${who}`;
    return this.#ask(`Key ${whose} (not shown): `, true);
  }

  secretText(to: string): Promise<string | undefined> {
    return this.#ask(`Secret text for ${safeLabel(to, LIMITS.name)}: `, false);
  }

  #ask(text: string, secret: boolean, signal?: AbortSignal): Promise<string | undefined> {
    if (this.#closed || signal?.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const asked: Asked = { text, secret, editor: EMPTY, answer: resolve };
      this.#waiting.push(asked);
      signal?.addEventListener("abort", () => this.#withdraw(resolve), { once: true });
      this.#options.onChange();
    });
  }

  #withdraw(answer: Asked["answer"]): void {
    const asked = this.#waiting.find((one) => one.answer === answer);
    if (asked !== undefined) this.#settle(asked, undefined);
  }

  #settle(asked: Asked, text: string | undefined): void {
    const at = this.#waiting.findIndex(({ answer }) => answer === asked.answer);
    if (at >= 0) this.#waiting.splice(at, 1);
    asked.answer(text);
    this.#options.onChange();
  }
}
