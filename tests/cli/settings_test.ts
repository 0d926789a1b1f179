import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Command } from "../../cli/commands.ts";
import { parseArguments } from "../../cli/parse.ts";
import { REFUSED_VARIABLES, SETTINGS, variableOf, withSettings } from "../../cli/settings.ts";
import { readSettingsFile, SettingsError } from "../../cli/settings_file.ts";

const PATH = "/home/ann/.config/sotto/config.toml";

interface Given {
  readonly file?: string;
  readonly env?: Readonly<Record<string, string>>;
}

async function parse(args: string, { file, env = {} }: Given) {
  return await withSettings(args.split(" "), { version: "0" }, {
    file: () => Promise.resolve(file === undefined ? undefined : { path: PATH, text: file }),
    env,
    home: "/home/ann",
  });
}

/** What the command is in the end, without what it leaves open. */
async function command(args: string, given: Given): Promise<Record<string, unknown>> {
  const parsed = await parse(args, given);
  assert.ok(parsed.type === "run", args);
  return JSON.parse(JSON.stringify(parsed.command));
}

async function refusal(given: Given, args = "server"): Promise<string> {
  let message = "";
  await assert.rejects(() => parse(args, given), (error) => {
    assert.ok(error instanceof SettingsError, String(error));
    message = error.message;
    return true;
  });
  return message;
}

Deno.test("withSettings takes flags before the environment, and that before the file", async () => {
  const file = `[server]\nport = 1\nhost = "file.example"\nengine = "quiche"\n`;
  const env = { SOTTO_PORT: "2", SOTTO_HOST: "env.example" };
  assert.deepEqual(await command("server --port 3", { file, env }), {
    type: "server",
    port: 3,
    host: "env.example",
    engine: "quiche",
  });
});

Deno.test("withSettings gives a client its server, and fills in what an address leaves open", async () => {
  const file = `[client]\nhost = "chat.example"\nport = 5000\nuser = "ann"\nplain = true\n`;
  const address = { host: "chat.example", port: 5000, user: "ann" };
  assert.deepEqual(await command("client", { file }), { type: "client", address, output: "plain" });
  assert.deepEqual(
    await command("client bob@other:1 --json", { file }),
    { type: "client", address: { host: "other", port: 1, user: "bob" }, output: "json" },
  );
  assert.deepEqual(
    await command("send other @ann hello", { file, env: { SOTTO_USER: "ops" } }),
    {
      type: "send",
      address: { host: "other", port: 5000, user: "ops" },
      to: { people: ["ann"] },
      text: ["hello"],
    },
  );
});

Deno.test("withSettings reads yes and no, and paths beside the file and at home", async () => {
  const file = `[server]\ndata = "~/sotto"\ncert = "cert.pem"\nkey = "/k.pem"\nannounce = false\n`;
  assert.deepEqual(await command("server", { file }), {
    type: "server",
    data: "/home/ann/sotto",
    cert: "/home/ann/.config/sotto/cert.pem",
    key: "/k.pem",
    announce: false,
  });
  const announced = await command("server", { file, env: { SOTTO_ANNOUNCE: "true" } });
  assert.equal(announced["announce"], undefined);
  assert.deepEqual(await command("certs", { file }), { type: "certs", data: "/home/ann/sotto" });
});

Deno.test("withSettings names the line of what is wrong, and what would do", async () => {
  const wrong: [file: string, reason: RegExp][] = [
    ["[client]\nprot = 5", /line 2: unknown setting prot in \[client\]\. Did you mean port\?/],
    ["[server]\n\ntls_port = 1", /line 3: .*Did you mean tls-port\?/],
    ["[client]\nport = 99999", /line 2: A port is a number from 1 to 65535/],
    ['[server]\nengine = "steam"', /line 2: .*--engine.*"quiche"/],
    ["[server]\nport = 1.5", /line 2: .*--port/],
    ["[client]\nplain = 1", /line 2: plain is not true or false/],
    ["[client]\nhost = []", /line 2: host is not text in quotes/],
    ["client.port = 77777", /line 1: A port/],
    ["port = 1", /line 1: port is under no heading.*\[client\] or \[server\]/],
    ["server = 2026-11-21", /line 1: server is under no heading/],
    ["[clint]\nport = 1", /line 2: port is under \[clint\]/],
    ["[client\n", /line 1: /],
    ["[client]\nport = 1\nport = 2", /line 3: /],
  ];
  for (const [file, reason] of wrong) {
    const message = await refusal({ file });
    assert.ok(message.startsWith(`${PATH}, line `), message);
    assert.match(message, reason);
  }
  assert.match(await refusal({ env: { SOTTO_PORT: "x" } }), /^SOTTO_PORT: .*--port/);
  assert.match(await refusal({ env: { SOTTO_PORT: "0" } }, "client"), /^SOTTO_PORT: A port/);
  assert.match(await refusal({ env: { SOTTO_ANNOUNCE: "maybe" } }), /Give true or false/);
});

Deno.test("withSettings repeats no key in a form that acts on the terminal", async () => {
  for (
    const file of ['"\\u001b[2J" = 1', '[client]\n"\\u202e" = 1', '[client]\nhost = "\\u009b"']
  ) {
    assert.doesNotMatch(await refusal({ file }), /[^\P{C}\n]/u, file);
  }
});

Deno.test("withSettings refuses secrets, and repeats none", async () => {
  for (const key of ["password", "passphrase", "token", "secret", "client-secret", "pass"]) {
    const message = await refusal({ file: `[client]\n${key} = "hunter2"` });
    assert.match(
      message,
      /line 2: \S+ is a secret, which settings must not contain\. .*password-file/,
    );
    assert.doesNotMatch(message, /hunter2/);
  }
  for (const name of REFUSED_VARIABLES) {
    const message = await refusal({ env: { [name]: "hunter2" } }, "client host");
    assert.match(message, new RegExp(`^${name} is set\\. It is not used, .*Unset it`));
    assert.doesNotMatch(message, /hunter2/);
  }
});

Deno.test("withSettings reads no file for help, and takes an empty one", async () => {
  const file = () => Promise.reject(new Error("read"));
  const sources = { file, env: {}, home: "/" };
  assert.equal((await withSettings(["--help"], { version: "0" }, sources)).type, "print");
  await assert.rejects(() => withSettings(["demo"], { version: "0" }, sources), /read/);
  for (const empty of ["", "# nothing\n", "[client]\n", "\ufeff[server]\r\n"]) {
    assert.deepEqual(await command("server", { file: empty }), { type: "server" }, empty);
  }
  assert.deepEqual(await command("server", { env: { SOTTO_PORT: "" } }), { type: "server" });
});

Deno.test("SETTINGS has every option that it makes sense to keep", () => {
  const missing: Readonly<Record<string, readonly string[]>> = {
    // Whom to trust is decided each time, and kept in known_hosts.
    client: ["--accept-new", "--pin"],
    send: ["--accept-new", "--pin", "--json"],
    server: ["--no-announce"], // `announce`
  };
  for (const [name, without] of Object.entries(missing)) {
    const help = parseArguments(["help", name], { version: "0" });
    assert.ok(help.type === "print");
    const options = [...help.stdout.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map(([, one = ""]) =>
      one
    );
    assert.ok(options.length > 3);
    const kept = SETTINGS
      .filter(({ commands }) => commands.some((command: Command["type"]) => command === name))
      .map(({ key }) => `--${key}`);
    assert.deepEqual(
      options.filter((option) => !kept.includes(option)).toSorted(),
      [...without].toSorted(),
      name,
    );
  }
});

Deno.test("docs/cli.md names every setting and its variable", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/cli.md", import.meta.url));
  for (const { key } of SETTINGS) {
    assert.ok(page.includes(`\`${key}\``), key);
    assert.ok(page.includes(`\`${variableOf(key)}\``), variableOf(key));
  }
});

Deno.test("readSettingsFile finds the file by the XDG rules, and refuses one that others write", async () => {
  const home = await Deno.makeTempDir();
  try {
    assert.equal(await readSettingsFile({}, home), undefined);
    const path = join(home, ".config", "sotto", "config.toml");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, "[client]\n");
    assert.deepEqual(await readSettingsFile({}, home), { path, text: "[client]\n" });
    assert.deepEqual(await readSettingsFile({ XDG_CONFIG_HOME: "relative" }, home), {
      path,
      text: "[client]\n",
    });
    assert.equal(await readSettingsFile({ XDG_CONFIG_HOME: join(home, "else") }, home), undefined);
    await chmod(path, 0o666);
    await assert.rejects(
      () => readSettingsFile({}, home),
      /other users may write to it. Run: chmod 600/,
    );
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
