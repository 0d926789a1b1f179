/**
 * Makes what a session needs from the options on the command line: the engine, the prompts, whom to
 * trust, and where tokens are.
 */
import { formatHostPort } from "../../protocol/host_port.ts";
import { describeSystemError } from "../../protocol/system_error.ts";
import { openKeyLog } from "../../protocol/transport/key_log.ts";
import type { Engine, TakeKeys } from "../../protocol/transport/transport.ts";
import { debugLog, type Log } from "../log.ts";
import { clientEngine, type TransportChoice } from "../platform/engine.ts";
import { KnownHosts } from "../platform/known_hosts.ts";
import { TokenFolder } from "../platform/token_folder.ts";
import { trustOnFirstUse } from "../platform/trust_on_first_use.ts";
import type { Prompts } from "../session/prompts.ts";
import type { Tokens } from "../session/tokens.ts";
import type { Trust } from "../session/trust.ts";
import { UserPrompts } from "../ui/prompts.ts";
import { readPasswordFile } from "./password_file.ts";
import { type Program, ProgramError } from "./run_program.ts";

/** The options of every command that connects. */
export interface ConnectOptions {
  readonly user?: string | undefined;
  /** A path, or `-` for standard input. */
  readonly passwordFile?: string | undefined;
  /** Trust an unknown server. */
  readonly acceptNew?: boolean | undefined;
  /** `SHA256:…`: the key that the server must show. */
  readonly pin?: string | undefined;
  /** The code of an invitation, which allows a new account. */
  readonly code?: string | undefined;
  /** Default `auto`: QUIC, or TLS where QUIC does not connect. */
  readonly transport?: TransportChoice | undefined;
  /**
   * `debug` logs the stages of every handshake, on standard error. `trace` also logs the keys of
   * connections to the file that SSLKEYLOGFILE names.
   */
  readonly logLevel?: "error" | "warn" | "info" | "debug" | "trace" | undefined;
  /** The software, as `hello` names it. */
  readonly software?: string | undefined;
}

export interface Server {
  readonly host: string;
  readonly port: number;
  /** The pin that the local network announces. */
  readonly announced?: string | undefined;
}

export interface SessionOptions {
  readonly engine: Engine;
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly code?: string | undefined;
  readonly prompts: Prompts;
  readonly trust: Trust;
  readonly tokens: Tokens;
  readonly log: Log | undefined;
  readonly client: string;
}

/** Reads the password file, if there is one. Throws `ProgramError`. */
export async function makeSessionOptions(
  options: ConnectOptions,
  { host, port, announced }: Server,
  { io, input, stderr, reportError }: Program,
): Promise<SessionOptions & { readonly prompts: UserPrompts }> {
  const { user, passwordFile, pin, code, acceptNew, logLevel, software = "sotto" } = options;
  const password = passwordFile === undefined
    ? undefined
    : await readPasswordFile(passwordFile, input);
  const server = formatHostPort(host, port);
  const invited = code !== undefined;
  const prompts = new UserPrompts({ asker: input, server, announced, password, invited });
  const ask = (shown: string) => acceptNew ? Promise.resolve(true) : prompts.confirmServer(shown);
  const knownHosts = new KnownHosts(io.paths.knownHosts);
  const keyFile = logLevel === "trace" ? io.env["SSLKEYLOGFILE"] : undefined;
  const onKeys = keyFile ? await keyLog(keyFile, reportError) : undefined;
  return {
    engine: await clientEngine(options.transport ?? "auto", reportError, onKeys),
    host,
    port,
    user,
    code,
    prompts,
    trust: trustOnFirstUse({ knownHosts, host, port, pin, ask }),
    tokens: new TokenFolder(io.paths.tokens),
    log: logLevel === "debug" || logLevel === "trace" ? debugLog(stderr) : undefined,
    client: software,
  };
}

/** Throws `ProgramError`. */
async function keyLog(file: string, notify: (text: string) => void): Promise<TakeKeys> {
  try {
    const onKeys = await openKeyLog(file);
    notify(
      `The keys of QUIC connections are written to ${file}. Anyone who has this file can read what ` +
        "you write and read here.",
    );
    return onKeys;
  } catch (cause) {
    throw new ProgramError(
      "failed",
      `Cannot write keys to ${file}: ${describeSystemError(cause)}. Unset SSLKEYLOGFILE, or name ` +
        "another file.",
      { cause },
    );
  }
}

/** Checks that the user is named where they cannot be asked. Throws `ProgramError`. */
export function requireUser({ user }: ConnectOptions, { input }: Program): void {
  if (user !== undefined || input.isTerminal) return;
  throw new ProgramError(
    "usage",
    "No user is given, and without a terminal Sotto cannot ask for one. Give USER@HOST.",
  );
}
