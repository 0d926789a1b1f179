/**
 * Arguments of the program, and its settings in `config.toml` and the environment. Whatever they are,
 * the result is a command, or a text with what to do instead: without characters that act on a
 * terminal, and without secrets. A setting in the file means the same as on the command line.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { COMMANDS, parseArguments, type Parsed } from "../../cli/parse.ts";
import { SETTINGS, variableOf, withSettings } from "../../cli/settings.ts";
import { SettingsError } from "../../cli/settings_file.ts";
import { EXIT } from "../../protocol/exit_codes.ts";
import { safeText } from "../../protocol/safe_text.ts";
import { damaged } from "../helpers/hostile_bodies.ts";
import type { FuzzTarget } from "./batch.ts";

const RUNS = 150;
const FILE_RUNS = 80;
const SETTING_RUNS = 40;
const PATH = "/home/ann/.config/sotto/config.toml";
const SECRET = "hunter2zz";
const VERSION = { version: "0" };

const OPTIONS = [
  ...new Set(
    COMMANDS.flatMap((command) => {
      const help = parseArguments(["help", command], VERSION);
      return help.type === "print" ? help.stdout.match(/--[a-z][a-z-]*/g) ?? [] : [];
    }),
  ),
];

const value = fc.oneof(
  fc.constantFrom("chat.example", "ann@chat.example:4433", "[::1]:1", "localhost", "0", "4433"),
  fc.constantFrom("65535", "65536", "-1", "1.5", "1e3", "off", "same", "10M", "4GiB", "7d", "x"),
  fc.constantFrom("@ann", "room:den", "#den", "group:crew", "@ann,bob", "open", "invite", "quiche"),
  fc.constantFrom("debug", "json", "text", "true", "false", "~/x", "/tmp/x", "", " ", "-", "--"),
  fc.constantFrom(
    `SHA256:${"A".repeat(43)}`,
    "SHA256:x",
    "sotto://h:1/?pin=x",
    "sotto://h/?code=a%20b",
  ),
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "\x1b[2J\x07",
    "\u202etxt",
    "\u009b1m",
    "a\nb",
  ),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const word = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...OPTIONS) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...OPTIONS), value).map((both) => both.join("=")),
  },
  { weight: 4, arbitrary: value },
  {
    weight: 1,
    arbitrary: fc.constantFrom("-h", "-V", "--help", "--version", "---", "-hV", "--=x"),
  },
);
const anyArguments: fc.Arbitrary<string[]> = fc.tuple(
  fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...COMMANDS) }, { weight: 1, arbitrary: word }),
  fc.array(word, { maxLength: 6 }),
).map(([first, rest]) => [first, ...rest]);

/** A value as TOML writes it, of the right kind or not. */
const tomlValue = fc.oneof(
  value.map((text) => JSON.stringify(text)),
  fc.constantFrom("0", "4433", "65536", "-1", "1.5", "1e400", "nan", "true", "false", "[]", "{}"),
  fc.constantFrom(
    "2026-11-21",
    "2026-11-21T07:30:00Z",
    "0x10",
    "9007199254740993",
    '["a"]',
    "{a=1}",
  ),
  fc.constantFrom("'", '"""', "nonsense", ""),
);
const key = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...SETTINGS.map(({ key }) => key)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "password",
      "token",
      "client.port",
      '"host"',
      "__proto__",
      "a.b.c",
      '"\\u001b[2J"',
    ),
  },
);
const tomlLine = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("[client]", "[server]", "[client]", "[server]") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("[clint]", "[[client]]", "[client.port]", "[", "# x", ""),
  },
  { weight: 8, arbitrary: fc.tuple(key, tomlValue).map((both) => both.join(" = ")) },
  { weight: 1, arbitrary: fc.constant(`password = "${SECRET}"`) },
);
const toml: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: fc.array(tomlLine, { maxLength: 8 }).map((lines) => lines.join("\n")) },
  {
    weight: 1,
    arbitrary: damaged(
      fc.array(tomlLine, { maxLength: 6 }).map((lines) =>
        new TextEncoder().encode(lines.join("\n"))
      ),
    ).map((bytes) => new TextDecoder().decode(bytes)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom("[", "{a=", "[["), fc.nat(5_000))
      .map(([open, depth]) => `[client]\nhost = ${open.repeat(depth)}`),
  },
);

export const programArguments: FuzzTarget = {
  name: "arguments",
  promise: "parseArguments gives a command, or a text that is safe to print",
  run: (batch) => batch.tryInputs(RUNS, anyArguments, (args) => check(parse(args))),
};

const setting = fc.constantFrom(...SETTINGS.filter(({ takes }) => takes === "value"));

export const configFiles: FuzzTarget = {
  name: "config",
  promise:
    "withSettings takes any config.toml as its options would be, or says which line is wrong",
  async run(batch) {
    const files = fc.record({
      command: fc.constantFrom("client", "server", "send", "certs", "invite"),
      toml,
      variable: fc.option(fc.tuple(key, value), { nil: undefined, freq: 4 }),
    });
    await batch.tryInputs(FILE_RUNS, files, ({ command, toml, variable }) => {
      const args = command === "send" ? ["send", "host", "@ann", "hi"] : [command];
      return checkFile(args, toml, variable);
    });
    const settings = fc.record({ setting, text: value });
    await batch.tryInputs(SETTING_RUNS, settings, checkSame);
  },
};

function parse(args: readonly string[]): Parsed {
  return parseArguments(args, VERSION);
}

function check(parsed: Parsed): void {
  if (parsed.type === "run") {
    assert.ok(COMMANDS.includes(parsed.command.type), parsed.command.type);
    return;
  }
  assert.ok(Object.values(EXIT).some((code) => code === parsed.exitCode));
  checkText(parsed.stdout + parsed.stderr);
}

function checkText(text: string): void {
  for (const line of text.split("\n")) {
    assert.equal(line, safeText(line), "the text acts on the terminal");
  }
}

async function checkFile(
  args: readonly string[],
  text: string,
  variable: readonly [key: string, value: string] | undefined,
): Promise<void> {
  const env = variable === undefined ? {} : { [variableOf(variable[0])]: variable[1] };
  try {
    const sources = { file: () => Promise.resolve({ path: PATH, text }), env, home: "/home/ann" };
    check(await withSettings(args, VERSION, sources));
  } catch (error) {
    assert.ok(error instanceof SettingsError, `threw ${error}`);
    checkText(error.message);
    assert.ok(!error.message.includes(SECRET), "an error repeats a password");
    const [, line] = /^[^,]*config\.toml, line (\d+): /.exec(error.message) ?? [];
    assert.ok(Number(line ?? 1) <= text.split("\n").length, error.message);
  }
}

/** A setting does what its option does. */
async function checkSame(
  { setting: { commands: [command = "client"], key, section }, text }: {
    readonly setting: (typeof SETTINGS)[number];
    readonly text: string;
  },
): Promise<void> {
  const file = { path: PATH, text: `[${section}]\n${key} = ${JSON.stringify(text)}` };
  // `send` needs more arguments, and `client` none.
  const byOption = parse([command, `--${key}=${text}`]);
  const sources = { file: () => Promise.resolve(file), env: {}, home: "/home/ann" };
  try {
    assert.deepEqual(await withSettings([command], VERSION, sources), byOption);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const isRefused = byOption.type === "print" || /TOML/.test(error.message);
    assert.ok(isRefused, `${error.message}, and the option is fine`);
  }
}
