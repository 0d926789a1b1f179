/**
 * What the headless client asks for: a person, a file or a program answers. It uses an answer at
 * once and does not keep it.
 */

export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** Whether the account must be new, or must exist; left out: either. */
  readonly intent?: "login" | "register";
}

export interface CredentialsRequest {
  /** The account; `undefined`: ask for it too. */
  readonly user: string | undefined;
  /** 0 for the first attempt on this connection. */
  readonly attempt: number;
  /** Whether the account must be new, or must exist, where that is known. */
  readonly intent?: Credentials["intent"] | undefined;
  /** Fires when an answer is of no use any more. */
  readonly signal: AbortSignal;
}

export interface Prompts {
  /** `undefined`: no answer. */
  credentials(request: CredentialsRequest): Promise<Credentials | undefined>;
  /** The key of a secret message, without echo. */
  passphrase(purpose: "seal" | "open", person: string): Promise<string | undefined>;
  /** The text of a secret message. */
  secretText(to: string): Promise<string | undefined>;
}

/** Answers with these credentials once, and nothing else: for bots. */
export function fixedCredentials(credentials: Credentials): Prompts {
  return {
    credentials: ({ attempt }) => Promise.resolve(attempt === 0 ? credentials : undefined),
    passphrase: () => Promise.resolve(undefined),
    secretText: () => Promise.resolve(undefined),
  };
}
