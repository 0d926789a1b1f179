/**
 * Session tokens in a folder: a file for each (0600 in a 0700 folder), so that two clients that save
 * at once lose nothing. A file or a folder that others may read is refused.
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
import type { Token, Tokens } from "../session/tokens.ts";

const SCHEMA = v.object({
  token: v.pipe(v.string(), v.minLength(1), v.maxLength(LIMITS.token)),
  expires: v.number(),
});

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
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), SCHEMA), text);
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
    await unlink(this.#path(pin, user)).catch(() => {}); // There was no token.
  }

  /** A file name can hold both: a pin is base64url, and a name has no separator. */
  #path(pin: string, user: string): string {
    if (!/^SHA256:[\w-]{43}$/.test(pin) || !isName(user)) {
      throw new Error("Cannot name a token's file: not a pin and a user's name");
    }
    return join(this.#folder, `${pin.slice("SHA256:".length)}.${user}.json`);
  }
}
