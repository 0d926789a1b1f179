/**
 * The servers that were met, each with its pin, as OpenSSH keeps them: a text file with a line
 * `host:port SHA256:…` for each. Lines are added, never changed: who forgets a server does so with
 * an editor, knowingly.
 */
import { appendFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { formatPin, parsePin } from "../../certs/fingerprint.ts";
import { makePrivateFolder, readPublicFile } from "../../certs/private_file.ts";
import { formatHostPort } from "../../protocol/host_port.ts";
import type { Expectation, Trust } from "../session/trust.ts";

const HEADER = "# The servers that sotto has met. To forget one, delete its line.\n";

/** The file is not as it has to be. The message says what to do. */
export class KnownHostsError extends Error {
  override readonly name = "KnownHostsError";
}

export interface KnownHost {
  readonly pin: string;
  /** 1 for the first. */
  readonly line: number;
}

export class KnownHosts {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The pin of a server; `undefined`: never met. Throws `KnownHostsError`. */
  async find(host: string, port: number): Promise<KnownHost | undefined> {
    const text = await this.#read();
    const address = nameOf(host, port);
    for (const [index, line] of text.split("\n").entries()) {
      const [name, pin, ...rest] = line.trim().split(/\s+/);
      if (name === undefined || name === "" || name.startsWith("#")) continue;
      // A damaged line must not turn a known server into one that was never met.
      const hash = pin === undefined || rest.length > 0 ? undefined : parsePin(pin);
      if (hash === undefined) {
        throw new KnownHostsError(
          `Cannot read line ${index + 1} of ${this.path}: it is not "host:port SHA256:…". ` +
            `Correct it, or delete it.`,
        );
      }
      if (name.toLowerCase() === address) return { pin: formatPin(hash), line: index + 1 };
    }
    return undefined;
  }

  /** Remembers a server that `find` does not find. */
  async add(host: string, port: number, pin: string): Promise<void> {
    await makePrivateFolder(dirname(this.path));
    const text = await this.#read();
    const start = text === "" ? HEADER : text.endsWith("\n") ? "" : "\n";
    // One short write at the end: two clients that meet a server at once both get their line in.
    const line = `${start}${nameOf(host, port)} ${pin}\n`;
    await appendFile(this.path, line, { mode: 0o600 });
  }

  async #read(): Promise<string> {
    const text = await readPublicFile(this.path);
    if (text === undefined) return "";
    const { mode } = await stat(this.path);
    if (process.platform !== "win32" && (mode & 0o022) !== 0) {
      throw new KnownHostsError(
        `Cannot use ${this.path}: others may write to it. Run: chmod 600 ${this.path}`,
      );
    }
    return text;
  }
}

export interface TrustOptions {
  readonly knownHosts: KnownHosts;
  readonly host: string;
  readonly port: number;
  /** Given by the person: it alone is right, whatever the file says. */
  readonly pin?: string | undefined;
  /** Whether to trust a server that was never met. */
  readonly ask: (pin: string) => Promise<boolean>;
}

/** Trust as a client on a person's machine has it: what was given, else what is known, else asked. */
export function trustOnFirstUse({ knownHosts, host, port, pin, ask }: TrustOptions): Trust {
  const address = nameOf(host, port);
  return {
    async expected(): Promise<Expectation | undefined> {
      if (pin !== undefined) {
        return { pin, source: "--pin or the invite line", remedy: "Ask for a new invite line." };
      }
      const known = await knownHosts.find(host, port);
      return known && {
        pin: known.pin,
        source: `${knownHosts.path}, line ${known.line}`,
        remedy: `If whoever runs the server says that its key is new, delete line ` +
          `${known.line} of ${knownHosts.path} (${address}) and connect again.`,
      };
    },
    async proven(shown) {
      // An invite line is enough for the next time too. What the file says already, stays.
      if (pin === undefined || await knownHosts.find(host, port) !== undefined) return;
      await knownHosts.add(host, port, shown);
    },
    async meet(shown) {
      if (!await ask(shown)) return false;
      await knownHosts.add(host, port, shown);
      return true;
    },
  };
}

/** How the file calls a server. Names of hosts mean the same in capitals. */
function nameOf(host: string, port: number): string {
  return formatHostPort(host, port).toLowerCase();
}
