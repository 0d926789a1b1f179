/**
 * Settings: options that are not on the command line come from the environment, else from
 * `config.toml`. A setting has the name of its option, and the option's parser reads its value, so
 * every setting can also be given on the command line.
 *
 * It reads no file and no environment itself. Secrets have no setting, and are refused.
 */
import { dirname, resolve } from "node:path";
import type { Command } from "./commands.ts";
import { parseArguments, type Parsed, type ParseOptions } from "./parse.ts";
import { readEntries, SettingsError, type SettingsFile } from "./settings_file.ts";
import { parseServerAddress, type ServerAddress, ServerAddressError } from "./server_address.ts";

type Section = "client" | "server";

interface Setting {
  /** As in the file; in the environment `tls-port` is SOTTO_TLS_PORT. */
  readonly key: string;
  readonly section: Section;
  readonly commands: readonly Command["type"][];
  /** The field of the command that the option sets. The command line takes precedence. */
  readonly field: string;
  readonly takes: "value" | "path" | "yes" | "no" | "address";
}

const CLIENT = { section: "client", commands: ["client", "send"] } as const;
const TALK = { section: "client", commands: ["client"] } as const;
const SERVER = { section: "server", commands: ["server"] } as const;
const FOLDER = { section: "server", commands: ["server", "certs", "invite", "admin"] } as const;

export const SETTINGS: readonly Setting[] = [
  { key: "host", ...CLIENT, field: "address", takes: "address" },
  { key: "port", ...CLIENT, field: "address", takes: "address" },
  { key: "user", ...CLIENT, field: "address", takes: "address" },
  { key: "password-file", ...CLIENT, field: "passwordFile", takes: "path" },
  { key: "transport", ...CLIENT, field: "transport", takes: "value" },
  { key: "plain", ...TALK, field: "output", takes: "yes" },
  { key: "json", ...TALK, field: "output", takes: "yes" },
  { key: "downloads", ...TALK, field: "downloads", takes: "path" },
  { key: "auto-accept", ...TALK, field: "autoAccept", takes: "value" },
  { key: "log-level", ...CLIENT, field: "logLevel", takes: "value" },
  { key: "host", ...SERVER, field: "host", takes: "value" },
  { key: "port", section: "server", commands: ["server", "invite"], field: "port", takes: "value" },
  { key: "tls-port", ...SERVER, field: "tlsPort", takes: "value" },
  { key: "data", ...FOLDER, field: "data", takes: "path" },
  { key: "registration", ...SERVER, field: "registration", takes: "value" },
  { key: "cert", ...SERVER, field: "cert", takes: "path" },
  { key: "key", ...SERVER, field: "key", takes: "path" },
  { key: "engine", ...SERVER, field: "engine", takes: "value" },
  { key: "quota", ...SERVER, field: "quota", takes: "value" },
  { key: "max-file", ...SERVER, field: "maxFile", takes: "value" },
  { key: "keep-files", ...SERVER, field: "keepFiles", takes: "value" },
  { key: "announce", ...SERVER, field: "announce", takes: "no" },
  { key: "log-level", ...SERVER, field: "logLevel", takes: "value" },
  { key: "log-format", ...SERVER, field: "logFormat", takes: "value" },
];

/** Other users of the machine can read these variables. They are looked for only to refuse them. */
export const REFUSED_VARIABLES = [
  "SOTTO_PASSWORD",
  "SOTTO_PASSPHRASE",
  "SOTTO_TOKEN",
  "SOTTO_SECRET",
] as const;
const SECRET = /pass(?!word-file$)|secret|token/i;
const ADVICE = "Put the password into a file of mode 0600, and name the file with password-file.";

/** The variable of a setting. */
export function variableOf(key: string): string {
  return `SOTTO_${key.toUpperCase().replaceAll("-", "_")}`;
}

interface SettingsSources {
  /** Called when it is needed. */
  readonly file: () => Promise<SettingsFile | undefined>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

interface Value {
  readonly text: string;
  /** Where it comes from, for errors. */
  readonly source: string;
}

/** Reads the arguments, and adds the settings to a command. */
export async function withSettings(
  args: readonly string[],
  options: ParseOptions,
  sources: SettingsSources,
): Promise<Parsed> {
  const parsed = parseArguments(args, options);
  if (parsed.type === "print") return parsed;
  const file = await sources.file();
  const values = new Map([
    ...file === undefined ? [] : await valuesOfFile(file, sources.home),
    ...valuesOfEnvironment(parsed.command.type, sources.env),
  ]);
  return complete(args, parsed.command, values, options);
}

function complete(
  [name = "", ...rest]: readonly string[],
  command: Command,
  values: ReadonlyMap<Setting, Value>,
  options: ParseOptions,
): Parsed {
  const given = new Map<string, unknown>(Object.entries(command));
  const extra = [...values]
    .filter(([{ commands, field, takes }]) =>
      commands.includes(command.type) && takes !== "address" && given.get(field) === undefined
    )
    .flatMap(([setting, { text }]) => argumentsOf(setting, text));
  const parsed = parseArguments([name, ...extra, ...rest], options);
  if (parsed.type === "print") return parsed;
  const { command: completed } = parsed;
  if (completed.type === "client") {
    return {
      type: "run",
      command: { ...completed, address: addressOf(completed.address, values) },
    };
  }
  if (completed.type !== "send") return parsed;
  const address = { ...completed.address, ...addressOf(completed.address, values) };
  return { type: "run", command: { ...completed, address } };
}

/** `undefined`: no server is given, so `client` looks for one. */
function addressOf(
  given: ServerAddress | undefined,
  values: ReadonlyMap<Setting, Value>,
): ServerAddress | undefined {
  const named = new Map(
    [...values].filter(([{ takes }]) => takes === "address").map((
      [{ key }, { text }],
    ) => [key, text]),
  );
  const host = named.get("host");
  const address = given ?? (host === undefined ? undefined : parseServerAddress(host));
  if (address === undefined) return undefined;
  const port = named.get("port");
  return {
    ...address,
    user: address.user ?? named.get("user"),
    port: address.port ?? (port === undefined ? undefined : Number(port)),
  };
}

function argumentsOf({ key, takes }: Setting, text: string): string[] {
  if (takes === "yes") return text === "true" ? [`--${key}`] : [];
  if (takes === "no") return text === "true" ? [] : [`--no-${key}`];
  return [`--${key}=${text}`];
}

function valuesOfEnvironment(
  command: Command["type"],
  env: SettingsSources["env"],
): [Setting, Value][] {
  for (const name of REFUSED_VARIABLES) {
    if (!env[name]) continue;
    throw new SettingsError(
      `${name} is set. It is not used, because other users of this machine may read it. ` +
        `Unset it. ${ADVICE}`,
    );
  }
  return SETTINGS.flatMap((setting): [Setting, Value][] => {
    const source = variableOf(setting.key);
    const text = env[source];
    if (!text || !setting.commands.includes(command)) return [];
    const value = { text, source };
    check(setting, value);
    return [[setting, value]];
  });
}

async function valuesOfFile(file: SettingsFile, home: string): Promise<[Setting, Value][]> {
  const entries = await readEntries(file);
  return entries.map(({ section, key, value, source }) => {
    if (SECRET.test(key)) {
      throw new SettingsError(
        `${source}: ${key} is a secret, which settings must not contain. ${ADVICE}`,
      );
    }
    const setting = SETTINGS.find((one) => one.section === section && one.key === key);
    if (setting === undefined) throw unknown(section, key, source);
    const isYesOrNo = setting.takes === "yes" || setting.takes === "no";
    if (isYesOrNo ? typeof value !== "boolean" : !/^(string|number|bigint)$/.test(typeof value)) {
      const wanted = isYesOrNo ? "true or false" : "text in quotes, or a number";
      throw new SettingsError(`${source}: ${key} is not ${wanted}.`);
    }
    const text = setting.takes === "path"
      ? resolve(dirname(file.path), String(value).replace(/^~(?=\/|$)/, home))
      : String(value);
    const found = { text, source };
    check(setting, found);
    return [setting, found];
  });
}

/** Checks a value with the parser of its option. */
function check(setting: Setting, { text, source }: Value): void {
  const [command = "client"] = setting.commands;
  const error = setting.takes === "address"
    ? errorOfAddress(setting.key, text)
    : setting.takes === "yes" || setting.takes === "no"
    ? /^(true|false)$/.test(text) ? undefined : "Give true or false."
    : errorOf([command, ...argumentsOf(setting, text)]);
  if (error !== undefined) throw new SettingsError(`${source}: ${error}`);
}

function errorOf(args: readonly string[]): string | undefined {
  const parsed = parseArguments(args, { version: "0" });
  return parsed.type === "run" ? undefined : parsed.stderr.replace(/^Error: |\nTry: .*\n?/g, "");
}

function errorOfAddress(key: string, text: string): string | undefined {
  const address = key === "host" ? text : key === "port" ? `x:${text}` : `${text}@x`;
  try {
    parseServerAddress(address);
    return undefined;
  } catch (error) {
    if (error instanceof ServerAddressError) return error.message;
    throw error;
  }
}

function unknown(section: string | undefined, key: string, source: string): SettingsError {
  const keys = SETTINGS.filter((one) => one.section === section).map(({ key }) => key);
  if (keys.length === 0) {
    const where = section === undefined ? "under no heading" : `under [${section}]`;
    return new SettingsError(
      `${source}: ${key} is ${where}. Put it under [client] or [server].`,
    );
  }
  const [nearest = ""] = keys.toSorted((one, other) => distance(key, one) - distance(key, other));
  return new SettingsError(
    `${source}: unknown setting ${key} in [${section}]. Did you mean ${nearest}? ` +
      `All settings: ${keys.join(", ")}.`,
  );
}

/** The Levenshtein distance: how many characters to insert, delete or change. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, character] of [...one].entries()) {
    const next = [index + 1];
    for (const [at, against] of [...other].entries()) {
      const changed = (row[at] ?? 0) + (character === against ? 0 : 1);
      next.push(Math.min((next[at] ?? 0) + 1, (row[at + 1] ?? 0) + 1, changed));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
