/**
 * Tokens that stand in for passwords when a client comes back: one for each server (by its pin) and
 * account. On the disk each is a file of its own (0600 in a 0700 folder), so that two clients that
 * save at once lose nothing; a file that others may read is refused, and so is such a folder.
 */
import { randomUUID } from "node:crypto";
import { open, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import {
  checkPrivateFolder,
  makePrivateFolder,
  readPrivateFile,
} from "../../certs/private_file.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { isName } from "../../protocol/names.ts";

export interface Token {
  readonly token: string;
  /** Milliseconds since 1970, UTC. */
  readonly expires: number;
}

export interface Tokens {
  /** `undefined`: none, or none that is still valid. */
  load(pin: string, user: string, now: number): Promise<Token | undefined>;
  save(pin: string, user: string, token: Token): Promise<void>;
  forget(pin: string, user: string): Promise<void>;
}

const schema = v.object({
  token: v.pipe(v.string(), v.minLength(1), v.maxLength(LIMITS.token)),
  expires: v.number(),
});

/** Tokens in a folder. */
export class TokenFolder implements Tokens {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async load(pin: string, user: string, now: number): Promise<Token | undefined> {
    await checkPrivateFolder(this.#folder);
    const text = await readPrivateFile(this.#path(pin, user));
    if (text === undefined) return undefined;
    // A damaged file costs a password, no more.
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
    return parsed.success && parsed.output.expires > now ? parsed.output : undefined;
  }

  async save(pin: string, user: string, { token, expires }: Token): Promise<void> {
    await makePrivateFolder(this.#folder);
    await checkPrivateFolder(this.#folder);
    const path = this.#path(pin, user);
    const draft = `${path}.${randomUUID()}.tmp`;
    const file = await open(draft, "wx", 0o600);
    try {
      try {
        await file.writeFile(JSON.stringify({ token, expires }));
      } finally {
        await file.close();
      }
      await rename(draft, path);
    } catch (cause) {
      await unlink(draft).catch(() => {});
      throw cause;
    }
  }

  async forget(pin: string, user: string): Promise<void> {
    await unlink(this.#path(pin, user)).catch(() => {}); // It may never have been there.
  }

  /** Pins are base64url and names are plain, so that both can stand in a file name. */
  #path(pin: string, user: string): string {
    if (!/^SHA256:[\w-]{43}$/.test(pin) || !isName(user)) {
      throw new Error("Cannot name a token's file: not a pin and a user's name");
    }
    return join(this.#folder, `${pin.slice("SHA256:".length)}.${user}.json`);
  }
}

/** Tokens that are gone with the process. */
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
