/**
 * How a command gets to its server and in, made of the options that all who connect have: which
 * engine, whom to trust, where tokens are, and who is asked for a password.
 */
import type { Writable } from "node:stream";
import { formatHostPort } from "../../protocol/host_port.ts";
import type { ChatOptions } from "../chat.ts";
import { clientEngine, type TransportChoice } from "../platform/engine.ts";
import { KnownHosts, trustOnFirstUse } from "../platform/known_hosts.ts";
import { debugLog, type Log } from "../log.ts";
import type { ClientPaths } from "../platform/paths.ts";
import { TokenFolder } from "../platform/token_folder.ts";
import type { Tokens } from "../session/tokens.ts";
import type { Complain } from "../ui/complain.ts";
import type { Input } from "../ui/input.ts";
import { readPassword, TerminalPrompts } from "../ui/prompt.ts";

export interface AccessOptions {
  readonly user?: string | undefined;
  /** A path, or `-` for standard input. */
  readonly passwordFile?: string | undefined;
  /** Trust a server that was never met. */
  readonly acceptNew?: boolean | undefined;
  /** `SHA256:…`: the key that the server must show. */
  readonly pin?: string | undefined;
  /** Of an invitation, which lets a new name in. */
  readonly code?: string | undefined;
  /** Default `auto`: QUIC, and TLS where that does not get through. */
  readonly transport?: TransportChoice | undefined;
  /** `debug` tells the stages of every handshake, on standard error. */
  readonly logLevel?: "error" | "warn" | "info" | "debug" | undefined;
  /** The software, as the server is told. */
  readonly software?: string | undefined;
}

export interface AccessDependencies {
  readonly host: string;
  readonly port: number;
  /** The pin that the network says the server has. */
  readonly announced?: string | undefined;
  readonly input: Input;
  readonly stderr: Writable;
  readonly paths: ClientPaths;
  readonly complain: Complain;
  /** Resolves when a question may be put. */
  readonly ready?: () => Promise<void>;
}

export type Access =
  & Pick<ChatOptions, "engine" | "host" | "port" | "trust" | "prompts">
  & {
    readonly user: string | undefined;
    readonly code?: string | undefined;
    readonly tokens: Tokens;
    readonly client: string;
    readonly log: Log | undefined;
  };

/** Reads the password file, if there is one. Throws `PasswordFileError`. */
export async function makeAccess(
  options: AccessOptions,
  { host, port, announced, input, stderr, paths, complain, ready }: AccessDependencies,
): Promise<Access> {
  const { user, passwordFile, pin, code, acceptNew, logLevel, software = "sotto" } = options;
  const password = passwordFile === undefined ? undefined : await readPassword(passwordFile, input);
  const prompts = new TerminalPrompts({
    input,
    server: formatHostPort(host, port),
    announced,
    password,
    invited: code !== undefined,
    ...(ready === undefined ? {} : { ready }),
  });
  const ask = acceptNew
    ? () => Promise.resolve(true)
    : (shown: string) => prompts.confirmServer(shown);
  const knownHosts = new KnownHosts(paths.knownHosts);
  return {
    engine: await clientEngine(options.transport ?? "auto", complain),
    host,
    port,
    user,
    code,
    prompts,
    trust: trustOnFirstUse({ knownHosts, host, port, pin, ask }),
    tokens: new TokenFolder(paths.tokens),
    log: logLevel === "debug" ? debugLog(stderr) : undefined,
    client: software,
  };
}
