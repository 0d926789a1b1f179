/**
 * Session tokens, which replace the password when a client comes back: one for each server (by its
 * pin) and account. `client/platform/token_folder.ts` keeps them on a disk.
 */

export interface Token {
  readonly token: string;
  /** Milliseconds since 1970, UTC. */
  readonly expires: number;
}

export interface Tokens {
  /** `undefined`: there is none, or it has expired. */
  load(pin: string, user: string, now: number): Promise<Token | undefined>;
  save(pin: string, user: string, token: Token): Promise<void>;
  forget(pin: string, user: string): Promise<void>;
}

/** Tokens that are forgotten with the process. */
export class TokenMemory implements Tokens {
  readonly #tokens = new Map<string, Token>();

  load(pin: string, user: string, now: number): Promise<Token | undefined> {
    const token = this.#tokens.get(`${pin} ${user}`);
    return Promise.resolve(token && token.expires > now ? token : undefined);
  }

  save(pin: string, user: string, token: Token): Promise<void> {
    this.#tokens.set(`${pin} ${user}`, token);
    return Promise.resolve();
  }

  forget(pin: string, user: string): Promise<void> {
    this.#tokens.delete(`${pin} ${user}`);
    return Promise.resolve();
  }
}
