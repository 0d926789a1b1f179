import assert from "node:assert/strict";
import { parseArguments } from "../../cli/parse.ts";
import { EXIT } from "../../protocol/exit_codes.ts";

const VERSION = "sotto 1.2.3 (abc)";

const PIN_A = "SHA256:" + "A".repeat(43);
const PIN_B = "SHA256:" + "B".repeat(42) + "A";

function parse(...args: string[]) {
  return parseArguments(args, { version: VERSION });
}

function printed(...args: string[]) {
  const parsed = parse(...args);
  assert.equal(parsed.type, "print", args.join(" "));
  if (parsed.type !== "print") throw new Error("unreachable");
  return parsed;
}

Deno.test("parseArguments reads the server's options", () => {
  assert.deepEqual(
    parse(
      ...["server", "--host", "127.0.0.1", "--port=0", "--data", "d", "--engine", "quiche"],
      ...["--quota", "1GiB", "--max-file", "10M", "--keep-files", "7"],
    ),
    {
      type: "run",
      command: {
        type: "server",
        host: "127.0.0.1",
        port: 0,
        tlsPort: undefined,
        data: "d",
        registration: undefined,
        cert: undefined,
        key: undefined,
        engine: "quiche",
        quota: "1GiB",
        maxFile: "10M",
        keepFiles: 7,
        announce: undefined,
        logLevel: undefined,
        logFormat: undefined,
      },
    },
  );
});

Deno.test("parseArguments reads that a server is not to be announced", () => {
  const parsed = parse("server", "--no-announce");
  assert.ok(parsed.type === "run" && parsed.command.type === "server");
  assert.equal(parsed.command.announce, false);
});

Deno.test("parseArguments reads the port of TLS, or that there is to be none", () => {
  const tlsPort = (text: string) => {
    const parsed = parse("server", "--tls-port", text);
    return parsed.type === "run" && parsed.command.type === "server"
      ? parsed.command.tlsPort
      : parsed.type;
  };
  assert.equal(tlsPort("off"), "off");
  assert.equal(tlsPort("8443"), 8443);
  assert.equal(tlsPort("65536"), "print");
  assert.equal(tlsPort("on"), "print");
});

Deno.test("parseArguments reads the client's address and options, in any order", () => {
  const expected = {
    type: "run",
    command: {
      type: "client",
      address: { host: "::1", port: undefined, user: "ann", pin: undefined },
      passwordFile: "-",
      acceptNew: true,
      pin: undefined,
      transport: undefined,
      downloads: undefined,
      autoAccept: undefined,
      output: "json",
      logLevel: undefined,
    },
  };
  assert.deepEqual(
    parse("client", "ann@[::1]", "--json", "--password-file", "-", "--accept-new"),
    expected,
  );
  assert.deepEqual(
    parse("client", "--password-file", "-", "--accept-new", "--json", "ann@[::1]"),
    expected,
  );
});

Deno.test("parseArguments reads where files go, and how large ones come by themselves", () => {
  const autoAccept = (size: string) => {
    const parsed = parse("client", "--auto-accept", size, "--downloads", "in");
    return parsed.type === "run" && parsed.command.type === "client"
      ? [parsed.command.autoAccept, parsed.command.downloads]
      : parsed.type;
  };
  assert.deepEqual(autoAccept("10M"), [10 * 1024 ** 2, "in"]);
  assert.deepEqual(autoAccept("0"), [0, "in"]);
  assert.equal(autoAccept("much"), "print");
});

Deno.test("parseArguments reads a client without an address: the network may have one", () => {
  const parsed = parse("client", "--json");
  assert.ok(parsed.type === "run" && parsed.command.type === "client");
  assert.equal(parsed.command.address, undefined);
});

Deno.test("parseArguments reads where to send what, and leaves words after -- alone", () => {
  const send = (...args: string[]) => {
    const parsed = parse("send", "ops@chat.example", ...args);
    assert.ok(parsed.type === "run" && parsed.command.type === "send", args.join(" "));
    const { address, to, text, json } = parsed.command;
    return { user: address.user, to, text, json };
  };
  const builds = { conversation: "room:builds" };
  assert.deepEqual(send("room:builds"), { user: "ops", to: builds, text: [], json: undefined });
  assert.deepEqual(send("@ann,bob", "two", "words", "--json"), {
    user: "ops",
    to: { people: ["ann", "bob"] },
    text: ["two", "words"],
    json: true,
  });
  assert.deepEqual(send("#builds", "--", "--json", "-5 °C").text, ["--json", "-5 °C"]);
});

Deno.test("parseArguments reads how long to look for servers", () => {
  assert.deepEqual(parse("discover", "--seconds", "5", "--json"), {
    type: "run",
    command: { type: "discover", seconds: 5, json: true },
  });
});

Deno.test("parseArguments reads how long a comparison may take", () => {
  const compare = (...args: string[]) => parse("bench", "compare", ...args);
  assert.deepEqual(compare(), { type: "run", command: { type: "compare", seconds: undefined } });
  assert.deepEqual(compare("--seconds", "60"), {
    type: "run",
    command: { type: "compare", seconds: 60 },
  });
});

Deno.test("parseArguments answers wrong usage with exit code 2 and what to do", () => {
  const wrong: [args: string[], reason: RegExp][] = [
    [["clint", "host"], /clint/],
    [["discover", "--seconds", "0"], /--seconds/],
    [["discover", "--seconds", "61"], /--seconds/],
    [["discover", "host"], /host/],
    [["bench"], /compare/],
    [["bench", "compare", "--seconds", "0"], /--seconds/],
    [["client", "::1"], /in brackets/],
    [["client", "host", "--pin", "SHA256:x"], /not a pin/],
    [
      ["client", `sotto://host/?pin=${PIN_A}`, "--pin", PIN_B],
      /pins in the invite line and in --pin differ/,
    ],
    [["client", "host", "--plain", "--json"], /cannot be used together/],
    [["client", "host", "--password", "hunter2"], /--password/],
    [["send", "host"], /TARGET/],
    [["send", "host", "ann", "hello"], /room:NAME, group:NAME, @NAME/],
    [
      ["send", `sotto://host/?pin=${PIN_A}`, "@ann", "--pin", PIN_B],
      /pins in the invite line and in --pin differ/,
    ],
    [["server", "--port", "65536"], /65,?535/],
    [["server", "--port", "x"], /--port/],
    [["server", "--engine", "steam"], /auto/],
    [["server", "extra"], /extra/],
    [["completion", "tcsh"], /bash/],
    [["man", "clint"], /Unknown command clint\. Give one of .*client/],
  ];
  for (const [args, reason] of wrong) {
    const { exitCode, stdout, stderr } = printed(...args);
    assert.equal(exitCode, EXIT.usage, args.join(" "));
    assert.equal(stdout, "", args.join(" "));
    assert.match(stderr, reason);
    assert.match(stderr, /Try: sotto help|Available shells/);
  }
});

Deno.test("parseArguments without arguments shows the help as an error", () => {
  const { exitCode, stdout, stderr } = printed();
  assert.equal(exitCode, EXIT.usage);
  assert.equal(stdout, "");
  assert.match(stderr, /Usage: sotto/);
});

Deno.test("parseArguments shows help for the program and for each command", () => {
  for (const args of [["--help"], ["-h"], ["help"]]) {
    const { exitCode, stdout } = printed(...args);
    assert.equal(exitCode, EXIT.done);
    for (
      const command of [
        "server",
        "client",
        "send",
        "discover",
        "demo",
        "certs",
        "completion",
        "help",
      ]
    ) {
      assert.match(stdout, new RegExp(`^ +${command} `, "m"));
    }
  }
  for (const command of ["server", "client", "send", "discover", "demo", "certs"]) {
    const { exitCode, stdout } = printed(command, "--help");
    assert.equal(exitCode, EXIT.done);
    assert.match(stdout, new RegExp(`Usage: sotto ${command}`));
    assert.equal(printed("help", command).stdout, stdout);
  }
});

Deno.test("parseArguments shows the version", () => {
  assert.deepEqual(printed("--version"), {
    type: "print",
    stdout: `${VERSION}\n`,
    stderr: "",
    exitCode: EXIT.done,
  });
});

Deno.test("parseArguments writes completion for five shells, and completes", () => {
  for (const shell of ["bash", "zsh", "fish", "nu", "pwsh"]) {
    const { exitCode, stdout } = printed("completion", shell);
    assert.equal(exitCode, EXIT.done);
    assert.match(stdout, /sotto/);
  }
  assert.match(printed("completion", "bash", "server", "--eng").stdout, /^--engine$/m);
  assert.match(printed("completion", "fish", "server", "--engine", "qu").stdout, /^quiche/m);
});

Deno.test("parseArguments repeats no argument in a form that acts on the terminal", () => {
  const hostile = [
    ["client", "sotto://h\u001b[2J/?pin=x"],
    ["server", "--port=\u001b]0;x\u0007"],
    ["send", "h", "\u009b2J", "hi"],
    ["man", "\u202etxt"],
    ["\u001b[2J"],
  ];
  for (const args of hostile) {
    const { stdout, stderr, exitCode } = printed(...args);
    assert.equal(exitCode, EXIT.usage);
    assert.match(stderr, /^Error: /);
    assert.doesNotMatch(stdout + stderr, /[^\P{C}\n]/u);
  }
});

Deno.test("parseArguments offers no way to give a secret", () => {
  for (const command of ["client", "send"]) {
    const { stdout } = printed("help", command);
    const options = [...stdout.matchAll(/--[a-z-]+/g)].map(([name]) => name);
    assert.deepEqual(
      options.filter((name) => /pass|key|secret|token|code/.test(name)),
      ["--password-file"],
    );
  }
});
