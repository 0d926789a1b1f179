/**
 * Questions to whoever sits at the terminal, or to the file that stands in for them: name and
 * password, keys of secret messages, whether to trust a server. Where there is no terminal, nothing
 * is asked.
 */
import { open } from "node:fs/promises";
import { LIMITS } from "../../protocol/limits.ts";
import { safeLabel } from "../../protocol/safe_text.ts";
import type { Credentials, CredentialsRequest, Prompts } from "../session/prompts.ts";
import type { Input } from "./input.ts";

/** A file that was to give the password does not. The message says what to do. */
export class PasswordFileError extends Error {
  override readonly name = "PasswordFileError";
}

/** The password in the first line of a file, or, for `-`, of the input. */
export async function readPassword(file: string, input: Pick<Input, "line">): Promise<string> {
  const password = file === "-" ? await input.line() : await firstLine(file);
  if (password === undefined || password === "") {
    const where = file === "-" ? "standard input" : file;
    throw new PasswordFileError(`Cannot sign in: the first line of ${where} has no password.`);
  }
  if (new TextEncoder().encode(password).length > LIMITS.password) {
    throw new PasswordFileError(
      `Cannot sign in: the password has more than ${LIMITS.password} bytes.`,
    );
  }
  return password;
}

async function firstLine(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file, "r");
    try {
      // No more than a password can have: the file may be a device, or not have an end.
      const { buffer, bytesRead } = await handle.read(new Uint8Array(2 * LIMITS.password));
      return new TextDecoder().decode(buffer.subarray(0, bytesRead)).split(/\r?\n/, 1)[0];
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PasswordFileError(`Cannot read the password file: ${reason}`, { cause });
  }
}

export interface TerminalPromptsOptions {
  readonly input: Input;
  /** The server, as it is called. */
  readonly server: string;
  /** The pin that the network says the server has: proof of nothing. */
  readonly announced?: string | undefined;
  /** The password, where a file gave it; it is used once. */
  readonly password: string | undefined;
  /** An invitation was brought: the name is most likely new, and whether it is is not asked. */
  readonly invited?: boolean;
  /** Resolves when a question may be put: when what happened before it is on the screen. */
  readonly ready?: () => Promise<void>;
}

export class TerminalPrompts implements Prompts {
  readonly #input: Input;
  readonly #server: string;
  readonly #announced: string | undefined;
  readonly #ready: () => Promise<void>;
  readonly #invited: boolean;
  #password: string | undefined;

  constructor(
    { input, server, announced, password, invited = false, ready }: TerminalPromptsOptions,
  ) {
    this.#input = input;
    this.#server = server;
    this.#announced = announced;
    this.#password = password;
    this.#invited = invited;
    this.#ready = ready ?? (() => Promise.resolve());
  }

  async credentials(
    { user, intent, attempt, signal }: CredentialsRequest,
  ): Promise<Credentials | undefined> {
    const given = this.#password;
    this.#password = undefined;
    if (given !== undefined && user !== undefined) return { user, password: given };
    if (!this.#input.isTerminal) return undefined;
    await this.#ready();
    if (user === undefined) return await this.#newOrKnown(given, signal);
    const isNew = intent === "register" || this.#invited && attempt === 0;
    const password = isNew
      ? await this.#newPassword(user, signal)
      : await this.#askPassword(user, signal);
    return password === undefined ? undefined : { user, password };
  }

  /** Whoever gave no name may have none here yet. */
  async #newOrKnown(
    given: string | undefined,
    signal: AbortSignal,
  ): Promise<Credentials | undefined> {
    const intent = this.#invited ? undefined : await this.#askIntent(signal);
    if (intent === undefined && !this.#invited) return undefined;
    const user = await this.#input.ask(`Name on ${this.#server}: `, signal);
    if (user === undefined) return undefined;
    const password = given ??
      await (intent !== "login"
        ? this.#newPassword(user, signal)
        : this.#askPassword(user, signal));
    if (password === undefined) return undefined;
    return { user, password, ...(intent !== undefined && { intent }) };
  }

  async #askIntent(signal: AbortSignal): Promise<Credentials["intent"]> {
    let question = "R to register a new name, L to log in with yours: ";
    for (let attempt = 0; attempt < 3; attempt++) {
      const answer = (await this.#input.ask(question, signal))?.trim().toLowerCase();
      if (answer === "r" || answer === "register") return "register";
      if (answer === "l" || answer === "login") return "login";
      if (answer === undefined) return undefined;
      question = "Please type R or L: ";
    }
    return undefined;
  }

  /** Asked for twice: who mistypes it now could never sign in again. */
  async #newPassword(user: string, signal: AbortSignal): Promise<string | undefined> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const password = await this.#askPassword(user, signal);
      if (password === undefined) return undefined;
      const again = await this.#input.askSecret("The same again: ", signal);
      if (again === password) return password;
      if (again === undefined) return undefined;
      this.#input.tell("Those two were not the same.");
    }
    return undefined;
  }

  #askPassword(user: string, signal: AbortSignal): Promise<string | undefined> {
    const question = `Password of ${safeLabel(user, LIMITS.name)} on ${this.#server}: `;
    return this.#input.askSecret(question, signal);
  }

  async passphrase(purpose: "seal" | "open", person: string): Promise<string | undefined> {
    if (!this.#input.isTerminal) return undefined;
    await this.#ready();
    const who = safeLabel(person, LIMITS.name);
    const whose = purpose === "seal" ? `for ${who}` : `of the message from ${who}`;
    return await this.#input.askSecret(`Key ${whose} (not shown): `);
  }

  async secretText(to: string): Promise<string | undefined> {
    if (!this.#input.isTerminal) return undefined;
    return await this.#input.ask(`Secret text for ${safeLabel(to, LIMITS.name)}: `);
  }

  /** Whether to trust a server that was never met. */
  async confirmServer(pin: string): Promise<boolean> {
    if (!this.#input.isTerminal) return false;
    let question = `The server ${this.#server} was never met before. Its key is\n` +
      `  ${pin}\n` +
      this.#aboutAnnounced(pin) +
      `Compare this with what the server prints when it starts. Is it the same (yes/no)? `;
    for (let attempt = 0; attempt < 3; attempt++) {
      const answer = (await this.#input.ask(question))?.trim().toLowerCase();
      if (answer === "yes" || answer === "y") return true;
      if (answer === undefined || answer === "no" || answer === "n") return false;
      question = "Please type yes or no: ";
    }
    return false;
  }

  /** Whoever announces a server of this name can announce its key as well. */
  #aboutAnnounced(pin: string): string {
    if (this.#announced === undefined) return "";
    if (this.#announced === pin) {
      return "It was announced so on this network, as anybody there can do.\n";
    }
    return `Another key was announced on this network, ${this.#announced}:\n` +
      "either by somebody else, or somebody is between you and the server.\n";
  }
}
