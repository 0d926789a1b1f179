/**
 * Questions that change hands: put line by line until an interface has taken the terminal, and in
 * the interface from then on.
 */
import type { Credentials, CredentialsRequest, Prompts } from "../session/prompts.ts";

export class PromptRelay implements Prompts {
  /** Who asks now. */
  by: Prompts;

  constructor(by: Prompts) {
    this.by = by;
  }

  credentials(request: CredentialsRequest): Promise<Credentials | undefined> {
    return this.by.credentials(request);
  }

  passphrase(purpose: "seal" | "open", person: string): Promise<string | undefined> {
    return this.by.passphrase(purpose, person);
  }

  secretText(to: string): Promise<string | undefined> {
    return this.by.secretText(to);
  }
}
