/**
 * Questions that are answered in the input line, one after another. A secret answer is not drawn. No
 * answer is kept.
 */
import { assert } from "../../../protocol/assert.ts";
import type { Asker } from "../prompts.ts";
import { edit, type Editor, EMPTY } from "./editor.ts";
import type { Key } from "./keys.ts";

interface Question {
  readonly text: string;
  /** Nothing of the answer is drawn. */
  readonly secret: boolean;
  readonly editor: Editor;
}

interface PendingQuestion extends Question {
  readonly resolve: (answer: string | undefined) => void;
}

interface QuestionQueueOptions {
  /** Called after each change of what is drawn. */
  readonly onChange: () => void;
  /** Writes a line between questions. */
  readonly tell: (text: string) => void;
}

export class QuestionQueue implements Asker {
  readonly isTerminal = true;
  readonly #options: QuestionQueueOptions;
  readonly #pending: PendingQuestion[] = [];
  #closed = false;

  constructor(options: QuestionQueueOptions) {
    this.#options = options;
  }

  /** The question that gets the keys now. */
  get current(): Question | undefined {
    return this.#pending[0];
  }

  ask(question: string, signal?: AbortSignal): Promise<string | undefined> {
    return this.#put(question, false, signal);
  }

  askSecret(question: string, signal?: AbortSignal): Promise<string | undefined> {
    return this.#put(question, true, signal);
  }

  tell(text: string): void {
    this.#options.tell(text);
  }

  /** Takes a key for the current question. `interrupt`: it was Ctrl-C, and the question stays. */
  press(key: Key): "taken" | "interrupt" {
    const [question] = this.#pending;
    assert(question !== undefined, "a key is pressed for a question");
    // There is no history and no completion: the answer may be a secret.
    const [editor, action] = edit(question.editor, key);
    switch (action.type) {
      case "submit":
        this.#settle(question.resolve, action.text);
        break;
      case "cancel":
      case "end":
        this.#settle(question.resolve, undefined);
        break;
      case "interrupt":
        return "interrupt";
      default:
        this.#pending[0] = { ...question, editor };
    }
    return "taken";
  }

  /** Leaves all questions unanswered. */
  close(): void {
    this.#closed = true;
    for (const { resolve } of [...this.#pending]) this.#settle(resolve, undefined);
  }

  #put(text: string, secret: boolean, signal?: AbortSignal): Promise<string | undefined> {
    if (this.#closed || signal?.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#pending.push({ text, secret, editor: EMPTY, resolve });
      signal?.addEventListener("abort", () => this.#settle(resolve, undefined), { once: true });
      this.#options.onChange();
    });
  }

  /** `resolve` identifies the question: its editor changes with each key. */
  #settle(resolve: PendingQuestion["resolve"], answer: string | undefined): void {
    const at = this.#pending.findIndex((question) => question.resolve === resolve);
    if (at < 0) return;
    this.#pending.splice(at, 1);
    resolve(answer);
    this.#options.onChange();
  }
}
