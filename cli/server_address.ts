/**
 * Reads the address of a server: `[USER@]HOST[:PORT]`, or an invite line
 * (`sotto://[USER@]HOST[:PORT]/?pin=SHA256:…&code=…`). It resolves no names.
 */
import { parsePin } from "../certs/fingerprint.ts";
import { formatHostPort } from "../protocol/host_port.ts";
import { foldName, isName } from "../protocol/names.ts";

const SCHEME = "sotto://";

export interface ServerAddress {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  /** `undefined`: not given. */
  readonly port: number | undefined;
  readonly user: string | undefined;
  /** `SHA256:…`, from an invite line. */
  readonly pin: string | undefined;
  /** Of an invitation, from an invite line. */
  readonly code?: string | undefined;
}

/** The text is not the address of a server. The message says what to give instead. */
export class ServerAddressError extends Error {
  override readonly name = "ServerAddressError";
}

/** Reads both forms. Throws `ServerAddressError`. */
export function parseServerAddress(text: string): ServerAddress {
  if (!text.startsWith(SCHEME)) return parseAddress(text);
  const [authority = "", query = ""] = text.slice(SCHEME.length).split(/\/?\?(.*)/s);
  // Unknown parameters are ignored: invite lines of later versions may have more.
  const pin = new URLSearchParams(query).get("pin") ?? undefined;
  if (pin !== undefined && parsePin(pin) === undefined) {
    throw new ServerAddressError(
      "The pin in the invite line is not complete. Copy the whole line.",
    );
  }
  const code = new URLSearchParams(query).get("code") ?? undefined;
  if (code !== undefined && !/^[\w-]{1,64}$/.test(code)) {
    throw new ServerAddressError(
      "The code in the invite line is not complete. Copy the whole line.",
    );
  }
  const address = parseAddress(authority.replace(/\/$/, ""));
  return { ...address, pin, ...(code !== undefined && { code }) };
}

/** Writes the form that `parseServerAddress` reads, for messages and completion. */
export function formatServerAddress({ host, port, user }: ServerAddress): string {
  const name = user === undefined ? "" : `${user}@`;
  return `${name}${formatHostPort(host, port)}`;
}

function parseAddress(text: string): ServerAddress {
  const at = text.lastIndexOf("@");
  const { host, port } = parseHost(text.slice(at + 1));
  return { host, port, user: at < 0 ? undefined : parseUser(text.slice(0, at)), pin: undefined };
}

function parseUser(text: string): string {
  const user = foldName(text);
  if (isName(user)) return user;
  throw new ServerAddressError(
    "The name of a user has 1 to 32 of a-z, 0-9, _ and -, and begins with a letter.",
  );
}

function parseHost(text: string): { host: string; port: number | undefined } {
  const bracketed = /^\[([0-9a-f:.]+(?:%[\w.-]+)?)\](?::(.*))?$/is.exec(text);
  if (bracketed?.[1] !== undefined) return { host: bracketed[1], port: parsePort(bracketed[2]) };
  const [host = "", port, ...rest] = text.split(":");
  if (rest.length > 0) {
    throw new ServerAddressError("Put an IPv6 address in brackets: [::1], or [::1]:4433.");
  }
  if (!/^[\p{L}\p{N}]([\p{L}\p{N}._-]*[\p{L}\p{N}.])?$/u.test(host)) {
    throw new ServerAddressError("Give the server as HOST, HOST:PORT or USER@HOST:PORT.");
  }
  return { host, port: parsePort(port) };
}

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new ServerAddressError("A port is a number from 1 to 65535.");
}
