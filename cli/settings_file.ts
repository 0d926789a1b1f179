/** `config.toml`: finds it, and reads its entries with their lines. `settings.ts` interprets them. */
import { stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import process from "node:process";
import { readPublicFile } from "../certs/private_file.ts";
import { safeText } from "../protocol/safe_text.ts";

/** A setting cannot be used. The message says which, where, and what to write instead. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";

  /** The message may repeat a key. None of it acts on a terminal. */
  constructor(message: string) {
    super(message.split("\n").map(safeText).join("\n"));
  }
}

export interface SettingsFile {
  readonly path: string;
  readonly text: string;
}

interface Entry {
  /** `undefined`: it is under no heading. */
  readonly section: string | undefined;
  readonly key: string;
  readonly value: unknown;
  /** The file and the line. */
  readonly source: string;
}

/** Reads the file, if there is one. Others must not be able to change it: it names the server. */
export async function readSettingsFile(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): Promise<SettingsFile | undefined> {
  const base = env["XDG_CONFIG_HOME"];
  const folder = base && isAbsolute(base) ? base : join(home, ".config");
  const path = join(folder, "sotto", "config.toml");
  const text = await readPublicFile(path);
  if (text === undefined) return undefined;
  if (process.platform !== "win32" && ((await stat(path)).mode & 0o022) !== 0) {
    throw new SettingsError(
      `Cannot use ${path}: other users may write to it. Run: chmod 600 ${path}`,
    );
  }
  return { path, text };
}

/** All entries of the file. Throws `SettingsError`. */
export async function readEntries({ path, text }: SettingsFile): Promise<Entry[]> {
  return Object.entries(await parseToml(path, text)).flatMap(([section, table]): Entry[] => {
    const source = (key?: string) => {
      const line = lineOf(text, section, key);
      return line === undefined ? path : `${path}, line ${line}`;
    };
    if (!isTable(table)) {
      return [{ section: undefined, key: section, value: table, source: source() }];
    }
    return Object.entries(table).map(([key, value]) => ({
      section,
      key,
      value,
      source: source(key),
    }));
  });
}

/** Arrays and dates of TOML are objects too. */
function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

/** Loads the parser only when there is a file. */
async function parseToml(path: string, text: string): Promise<Readonly<Record<string, unknown>>> {
  const { parse, TomlError } = await import("smol-toml");
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ""] = error.message.split("\n");
    throw new SettingsError(`${path}, line ${error.line}: ${reason}`);
  }
}

/** The line of an entry; `undefined` for rare ways to write it. */
function lineOf(text: string, section: string, key: string | undefined): number | undefined {
  let current = "";
  for (const [index, line] of text.split("\n").entries()) {
    const header = /^\s*\[\s*"?([\w-]+)"?\s*\]/.exec(line)?.[1];
    if (header !== undefined) current = header;
    const [, first, second] = /^\s*"?([\w-]+)"?(?:\s*\.\s*"?([\w-]+)"?)?\s*=/.exec(line) ?? [];
    const isKey = current === section ? first === key : first === section && second === key;
    const isTop = key === undefined && (header === section || current === "" && first === section);
    if (key !== undefined && first !== undefined && isKey || isTop) return index + 1;
  }
  return undefined;
}
