/**
 * The questions to the user, in words: name and password, keys of secret messages, whether to trust
 * a server. An `Asker` puts them: the terminal line by line, then the interface. Without a terminal
 * nothing is asked.
 */
import { LIMITS } from "../../protocol/limits.ts";
import { safeLabel } from "../../protocol/safe_text.ts";
import type { Credentials, CredentialsRequest, Prompts } from "../session/prompts.ts";

/** Puts a question. `undefined`: there is no answer. */
export interface Asker {
  /** Whether a user can answer. */
  readonly isTerminal: boolean;
  ask(question: string, signal?: AbortSignal): Promise<string | undefined>;
  /** The answer is not echoed. */
  askSecret(question: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Writes a line between questions. */
  tell(text: string): void;
}

interface UserPromptsOptions {
  readonly asker: Asker;
  /** The server's address. */
  readonly server: string;
  /** The pin that the local network announces. It proves nothing. */
  readonly announced?: string | undefined;
  /** The password from a file. It is used once. */
  readonly password: string | undefined;
  /** There is an invitation: the account is most likely new. */
  readonly invited?: boolean;
}

/** How often a wrong answer is asked again. */
const ATTEMPTS = 3;

export class UserPrompts implements Prompts {
  readonly #options: UserPromptsOptions;
  #asker: Asker;
  #password: string | undefined;
  /** Resolves when earlier output is on the screen, so that a question comes after it. */
  ready: () => Promise<void> = () => Promise.resolve();

  constructor(options: UserPromptsOptions) {
    this.#options = options;
    this.#asker = options.asker;
    this.#password = options.password;
  }

  /** Puts all further questions there. */
  moveTo(asker: Asker): void {
    this.#asker = asker;
  }

  async credentials(
    { user, intent, attempt, signal }: CredentialsRequest,
  ): Promise<Credentials | undefined> {
    const given = this.#password;
    this.#password = undefined;
    if (given !== undefined && user !== undefined) return { user, password: given };
    if (!this.#asker.isTerminal) return undefined;
    await this.ready();
    if (user === undefined) return await this.#nameAndPassword(given, signal);
    const isInvited = this.#options.invited === true && intent === undefined && attempt === 0;
    const password = intent === "register" || isInvited
      ? await this.#newPassword(user, signal)
      : await this.#existingPassword(user, signal);
    return password === undefined ? undefined : { user, password };
  }

  async passphrase(purpose: "seal" | "open", person: string): Promise<string | undefined> {
    if (!this.#asker.isTerminal) return undefined;
    await this.ready();
    const message = `the message ${purpose === "seal" ? "to" : "from"} ${nameOf(person)}`;
    return await this.#asker.askSecret(`Key of ${message} (not shown): `);
  }

  async secretText(to: string): Promise<string | undefined> {
    if (!this.#asker.isTerminal) return undefined;
    return await this.#asker.ask(`Secret text for ${nameOf(to)}: `);
  }

  /** Whether to trust an unknown server that shows this pin. */
  async confirmServer(pin: string): Promise<boolean> {
    if (!this.#asker.isTerminal) return false;
    let question = `Unknown server ${this.#options.server}. It shows this key:\n` +
      `  ${pin}\n` +
      this.#announcement(pin) +
      "Compare the key with the pin that the server printed at its start. " +
      "Is it the same (yes/no)? ";
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = (await this.#asker.ask(question))?.trim().toLowerCase();
      if (answer === "yes" || answer === "y") return true;
      if (answer === undefined || answer === "no" || answer === "n") return false;
      question = "Please type yes or no: ";
    }
    return false;
  }

  async #nameAndPassword(
    given: string | undefined,
    signal: AbortSignal,
  ): Promise<Credentials | undefined> {
    const { invited = false, server } = this.#options;
    const intent = invited ? undefined : await this.#intent(signal);
    if (intent === undefined && !invited) return undefined;
    const user = await this.#asker.ask(`Name on ${server}: `, signal);
    if (user === undefined) return undefined;
    const password = given ??
      await (intent === "login"
        ? this.#existingPassword(user, signal)
        : this.#newPassword(user, signal));
    if (password === undefined) return undefined;
    return { user, password, ...(intent !== undefined && { intent }) };
  }

  async #intent(signal: AbortSignal): Promise<Credentials["intent"]> {
    let question = "Type R to register a new name, or L to log in: ";
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = (await this.#asker.ask(question, signal))?.trim().toLowerCase();
      if (answer === "r" || answer === "register") return "register";
      if (answer === "l" || answer === "login") return "login";
      if (answer === undefined) return undefined;
      question = "Please type R or L: ";
    }
    return undefined;
  }

  /** Asks twice: with a mistyped password the user could never sign in again. */
  async #newPassword(user: string, signal: AbortSignal): Promise<string | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const password = await this.#existingPassword(user, signal);
      if (password === undefined) return undefined;
      const repeated = await this.#asker.askSecret("Repeat the password: ", signal);
      if (repeated === password) return password;
      if (repeated === undefined) return undefined;
      this.#asker.tell("The two passwords differ. Please try again.");
    }
    return undefined;
  }

  #existingPassword(user: string, signal: AbortSignal): Promise<string | undefined> {
    const question = `Password of ${nameOf(user)} on ${this.#options.server}: `;
    return this.#asker.askSecret(question, signal);
  }

  #announcement(pin: string): string {
    const { announced } = this.#options;
    if (announced === undefined) return "";
    if (announced === pin) {
      return "The local network announces the same key, but anyone on it could announce that.\n";
    }
    return `The local network announces another key, ${announced}.\n` +
      "Either the announcement is false, or an attacker is between you and the server.\n";
  }
}

function nameOf(person: string): string {
  return safeLabel(person, LIMITS.name);
}
