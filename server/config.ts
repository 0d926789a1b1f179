/**
 * The server's configuration: plain option values, as a command line or a file gives them, read
 * once into one immutable value. It reads no arguments and no environment by itself.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import { DEFAULT_PORT } from "../protocol/host_port.ts";
import { LIMITS } from "../protocol/limits.ts";
import { parseSize, SIZE_RULE } from "../protocol/size.ts";
import { LOG_FORMATS, LOG_LEVELS } from "./log.ts";
import type { LogFormat, LogLevel } from "./log.ts";
import type { Rate } from "./rate_limiter.ts";

const REGISTRATIONS = ["open", "invite", "closed"] as const;
export type Registration = (typeof REGISTRATIONS)[number];
const ENGINES = ["auto", "quiche", "builtin"] as const;
export type EngineChoice = (typeof ENGINES)[number];

/** Bounds on peers that are many, fast or hostile. */
export interface ServerLimits {
  readonly maxConnections: number;
  /** Sessions of one account at once; further sign-ins are answered `busy`. */
  readonly sessions: number;
  /**
   * `send` frames of one account: generous for a script, a bound for a flood. Past it its sessions
   * are read no faster than the rate.
   */
  readonly sends: Rate;
  /** Requests of one account whose answer grows with the number of users or conversations. */
  readonly lists: Rate;
  /** Changes of one account that others are told about: a status, rooms, groups, their members. */
  readonly changes: Rate;
  /** All other frames of one account. */
  readonly requests: Rate;
  /**
   * Attempts to sign in with a password from one address, right or wrong: enough for a class behind
   * one address, and less than one thread can check. Past it they are `rate_limited`.
   */
  readonly logins: Rate;
  /** Those of them that failed, likewise. */
  readonly failures: Rate;
  /** Bytes of messages that wait to be committed; further ones are answered `busy`. */
  readonly uncommitted: number;
  /** Bytes that may wait to be written to one session; past it comes `resync`. */
  readonly outbox: number;
  /** Rooms that there may be. */
  readonly rooms: number;
  /** Rooms that are created from one network. Past it a `create` is `rate_limited`. */
  readonly newRooms: Rate;
  /** Files that one account may have, however small they are. */
  readonly files: number;
  /** Uploads and downloads at once. Further ones take a slot from others, or are answered `busy`. */
  readonly transfers: number;
  /** A transfer that moves fewer bytes in so many milliseconds gives its slot up to others. */
  readonly slowBytes: number;
  readonly slowTime: number;
  /** Bytes that files leave free on the disk. */
  readonly spare: number;
  /** Milliseconds that an incomplete file is kept after its upload broke off. */
  readonly keepPart: number;
  /** Milliseconds that a stop may take before what is left is cut off. */
  readonly drain: number;
}

export interface ServerConfig {
  /** Where to listen; `::` serves IPv4 too. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** TCP port for TLS; `same`: the number that QUIC has got, where it is free. */
  readonly tlsPort: number | "same" | "off";
  /** Database, certificate and keys. */
  readonly data: string;
  readonly registration: Registration;
  /** A certificate to use instead of the one that the server makes. PEM files. */
  readonly certificate: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly engine: EngineChoice;
  /** Bytes of an account's files, bytes of one of them, and milliseconds that they are kept. */
  readonly files: { readonly quota: number; readonly largest: number; readonly keep: number };
  /** Whether the server is announced on the local network. */
  readonly announce: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** The file to append the keys of QUIC connections to. */
  readonly keyLog: string | undefined;
  readonly limits: ServerLimits;
}

/** Option values as they come: all optional, numbers as text where a person typed them. */
export interface ServerOptions {
  readonly host?: string | undefined;
  readonly port?: string | number | undefined;
  /** Default: `off`, for servers inside of other programs. */
  readonly tlsPort?: string | number | undefined;
  readonly data?: string | undefined;
  readonly registration?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly engine?: string | undefined;
  /** Sizes (`4GiB`), and a number of days. */
  readonly quota?: string | undefined;
  readonly maxFile?: string | undefined;
  readonly keepFiles?: string | number | undefined;
  /** Default: not, for servers inside of other programs. */
  readonly announce?: boolean | undefined;
  readonly logLevel?: string | undefined;
  readonly logFormat?: string | undefined;
  readonly limits?: Partial<ServerLimits> | undefined;
}

const DAY = 24 * 60 * 60 * 1000;

export const SERVER_LIMITS: ServerLimits = {
  maxConnections: 10_000,
  sessions: 16,
  sends: { rate: 200, burst: 2_000 },
  lists: { rate: 1, burst: 20 },
  changes: { rate: 2, burst: 100 },
  requests: { rate: 50, burst: 200 },
  logins: { rate: 1, burst: 300 },
  failures: { rate: 1 / 6, burst: 30 },
  uncommitted: 32 * 1024 * 1024,
  outbox: LIMITS.outbox,
  rooms: 1_000,
  newRooms: { rate: 1 / 60, burst: 32 },
  files: 10_000,
  transfers: 256,
  slowBytes: 64 * 1024,
  slowTime: 30_000,
  spare: 256 * 1024 * 1024,
  keepPart: DAY,
  drain: 5_000,
};

/** An option has a value that the server cannot use; the message says which, and what would do. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Reads option values; `env` is where the default folder comes from. Throws `ConfigError`. */
export function readConfig(
  options: ServerOptions,
  env: Readonly<Record<string, string | undefined>> = {},
): ServerConfig {
  const logLevel = oneOf("--log-level", options.logLevel ?? "info", LOG_LEVELS);
  return Object.freeze({
    host: readHost(options.host ?? "::"),
    port: readPort("--port", options.port ?? DEFAULT_PORT),
    tlsPort: readTlsPort(options.tlsPort ?? "off"),
    data: options.data || defaultDataDir(env),
    registration: oneOf("--registration", options.registration ?? "open", REGISTRATIONS),
    certificate: readCertificate(options.cert, options.key),
    engine: oneOf("--engine", options.engine ?? "auto", ENGINES),
    files: Object.freeze({
      quota: readSize("--quota", options.quota ?? "4GiB"),
      largest: readSize("--max-file", options.maxFile ?? "2GiB"),
      keep: readDays("--keep-files", options.keepFiles ?? 30) * DAY,
    }),
    announce: options.announce ?? false,
    logLevel,
    logFormat: oneOf("--log-format", options.logFormat ?? "text", LOG_FORMATS),
    keyLog: logLevel === "trace" ? env["SSLKEYLOGFILE"] || undefined : undefined,
    limits: Object.freeze({ ...SERVER_LIMITS, ...options.limits }),
  });
}

/** Where the server stores its data by default (XDG Base Directory, version 0.8). */
export function defaultDataDir(env: Readonly<Record<string, string | undefined>>): string {
  const base = env["XDG_DATA_HOME"] || join(env["HOME"] || homedir(), ".local", "share");
  return join(base, "sotto");
}

function readHost(host: string): string {
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  if (bare === "") {
    throw new ConfigError("--host is empty: give an address to listen on, such as ::");
  }
  return bare;
}

function readTlsPort(port: string | number): ServerConfig["tlsPort"] {
  return port === "same" || port === "off" ? port : readPort("--tls-port", port);
}

function readPort(option: string, port: string | number): number {
  const value = typeof port === "number" ? port : /^\d{1,5}$/.test(port) ? Number(port) : NaN;
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new ConfigError(`${option} is ${port}: give a number from 0 (a free one) to 65535`);
  }
  return value;
}

function readSize(option: string, size: string): number {
  const bytes = parseSize(size);
  if (bytes === undefined) throw new ConfigError(`${option} is ${size}. ${SIZE_RULE}`);
  return bytes;
}

function readDays(option: string, days: string | number): number {
  const value = typeof days === "number" ? days : /^\d{1,5}$/.test(days) ? Number(days) : NaN;
  if (Number.isInteger(value) && value >= 1 && value <= 36_500) return value;
  throw new ConfigError(`${option} is ${days}: give a number of days from 1 to 36500`);
}

function readCertificate(cert?: string, key?: string): ServerConfig["certificate"] {
  if (!cert && !key) return undefined;
  if (!cert) throw new ConfigError("--key is given without --cert: give both, or neither");
  if (!key) throw new ConfigError("--cert is given without --key: give both, or neither");
  return Object.freeze({ certFile: cert, keyFile: key });
}

function oneOf<const T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) {
    throw new ConfigError(`${option} is ${value}: give one of ${allowed.join(", ")}`);
  }
  return found;
}
