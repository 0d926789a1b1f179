/**
 * The servers that a user trusts, each with its pin, as OpenSSH keeps them: a text file with a line
 * `host:port SHA256:…` for each. Lines are added, never changed or deleted: to forget a server is a
 * decision, and takes an editor.
 */
import { appendFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { formatPin, parsePin } from "../../certs/fingerprint.ts";
import { makePrivateFolder, readPublicFile } from "../../certs/private_file.ts";
import { formatHostPort } from "../../protocol/host_port.ts";

const HEADER = "# The servers that sotto knows. To forget one, delete its line.\n";

/** The file cannot be used. The message says what to do. */
export class KnownHostsError extends Error {
  override readonly name = "KnownHostsError";
}

interface KnownHost {
  readonly pin: string;
  /** From 1. */
  readonly line: number;
}

export class KnownHosts {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** `undefined`: unknown server. Throws `KnownHostsError`. */
  async find(host: string, port: number): Promise<KnownHost | undefined> {
    const text = await this.#read();
    const wanted = knownName(host, port);
    for (const [index, line] of text.split("\n").entries()) {
      const [name, pin, ...rest] = line.trim().split(/\s+/);
      if (name === undefined || name === "" || name.startsWith("#")) continue;
      // A damaged line is an error: the server in it must not become an unknown one.
      const hash = pin === undefined || rest.length > 0 ? undefined : parsePin(pin);
      if (hash === undefined) {
        throw new KnownHostsError(
          `Cannot read line ${index + 1} of ${this.path}: it is not "host:port SHA256:…". ` +
            `Correct it, or delete it.`,
        );
      }
      if (name.toLowerCase() === wanted) return { pin: formatPin(hash), line: index + 1 };
    }
    return undefined;
  }

  /** Adds a server that `find` does not find. */
  async add(host: string, port: number, pin: string): Promise<void> {
    await makePrivateFolder(dirname(this.path));
    const text = await this.#read();
    const start = text === "" ? HEADER : text.endsWith("\n") ? "" : "\n";
    // One short write at the end: two clients that add a server at once both get their line in.
    const line = `${start}${knownName(host, port)} ${pin}\n`;
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

/** The name of a server in the file. Case does not matter in names of hosts (RFC 4343). */
export function knownName(host: string, port: number): string {
  return formatHostPort(host, port).toLowerCase();
}
