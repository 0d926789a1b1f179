/**
 * What the headless client asks for: of a person, a file, or a program. It never keeps an answer
 * for longer than it takes to use it.
 */

export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** Whether the name must be new, or must not be; left out: either will do. */
  readonly intent?: "login" | "register";
}

export interface CredentialsRequest {
  /** Known already; `undefined`: ask for it too. */
  readonly user: string | undefined;
  /** How often this has been asked on this connection: 0 for the first time. */
  readonly attempt: number;
  /** Whether the name must be new, or must not be, where that is known. */
  readonly intent?: Credentials["intent"] | undefined;
  /** Fires when an answer would come too late. */
  readonly signal: AbortSignal;
}

export interface Prompts {
  /** `undefined`: there is nobody to ask, or no further answer. */
  credentials(request: CredentialsRequest): Promise<Credentials | undefined>;
  /** The key of a secret message, without echo. */
  passphrase(purpose: "seal" | "open", person: string): Promise<string | undefined>;
  /** The text of a secret message. */
  secretText(to: string): Promise<string | undefined>;
}

/** Signs in as given, and is asked nothing else. For bots. */
export function fixedCredentials(credentials: Credentials): Prompts {
  return {
    credentials: ({ attempt }) => Promise.resolve(attempt === 0 ? credentials : undefined),
    passphrase: () => Promise.resolve(undefined),
    secretText: () => Promise.resolve(undefined),
  };
}
