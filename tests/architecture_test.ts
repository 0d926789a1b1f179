/**
 * Holds the import rule, the list of files that may name `Deno`, and the other promises of
 * ARCHITECTURE.md that can be read off the sources. It reads every .ts file in the tree.
 */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SKIPPED = new Set(["node_modules", "dist", ".git"]);
const MAX_LINES = 400;

/** What the chat's inside must not see: bytes on their way, disks, and who puts the parts together. */
const OUTSIDE = [
  "!protocol/transport/",
  "!server/connection.ts",
  "!server/dispatch.ts",
  "!server/main.ts",
  "!server/outbox.ts",
  "!server/peers.ts",
  "!server/store/sqlite.ts",
];

/**
 * For each room, what it may import: beginnings of paths, and, after `!`, exceptions. The first
 * room that fits a file is its own.
 */
const MAY_IMPORT: readonly (readonly [room: string, from: readonly string[]])[] = [
  [
    "main.ts",
    [
      ...["cli/", "server/", "client/", "bench/compare/", "examples/demo/", "package.json"],
      ...["protocol/exit_codes.ts", "protocol/host_port.ts"],
    ],
  ],
  ["cli/", ["cli/", "certs/", "protocol/"]],
  ["bench/compare/", ["bench/compare/", "server/", "client/", "protocol/"]],
  ["examples/demo/", ["examples/demo/", "server/", "client/", "certs/", "protocol/"]],
  // The server cannot read secret messages; it does not even hold the code.
  ["server/handlers/", ["server/", "protocol/", "!protocol/secret.ts", ...OUTSIDE]],
  [
    "server/services/",
    ["server/", "certs/", "protocol/", "!protocol/secret.ts", "!server/handlers/", ...OUTSIDE],
  ],
  ["server/store/", ["server/store/", "protocol/", "!protocol/secret.ts", "!protocol/transport/"]],
  ["server/", ["server/", "certs/", "protocol/", "!protocol/secret.ts"]],
  ["client/ui/", [
    "client/",
    "protocol/",
    "!protocol/transport/",
    "!client/session/session_connection.ts",
  ]],
  ["client/", ["client/", "certs/", "protocol/"]],
  ["certs/", ["certs/", "protocol/system_error.ts"]],
  [
    "protocol/discovery/",
    [
      "protocol/discovery/",
      "certs/fingerprint.ts",
      "protocol/",
      "!protocol/secret.ts",
      "!protocol/transport/",
    ],
  ],
  // A transport knows no frames; frames and sessions need no transport to be tested.
  ["protocol/transport/", ["protocol/transport/"]],
  ["protocol/", ["protocol/", "!protocol/transport/", "!protocol/discovery/"]],
  // It drives the program as the tests do.
  ["scripts/screenshots.ts", ["scripts/", "tests/helpers/"]],
  ["scripts/", ["scripts/", "package.json"]],
  ["examples/", ["cli/server_address.ts", "client/", "protocol/host_port.ts"]],
  ["tests/", [""]],
  ["bench/", [""]],
];

/** Packages and built-in modules that belong to few places. */
const ONLY_IN: readonly (readonly [module: string, ...rooms: string[]])[] = [
  ["@matrixai/quic", "protocol/transport/quiche/"],
  ["@msgpack/msgpack", "protocol/"],
  ["@noble/ciphers", "protocol/secret.ts"],
  ["@optique/", "cli/"],
  ["@peculiar/x509", "certs/"],
  ["ink", "client/ui/tui/"],
  ["jose", "server/services/"],
  ["multicast-dns", "protocol/discovery/"],
  ["smol-toml", "cli/"],
  ["uqr", "protocol/invite_line.ts"],
  ["node:sqlite", "server/store/"],
  ["node:child_process", "bench/compare/"],
  ["node:dgram", "protocol/transport/quiche/", "protocol/discovery/", "bench/compare/"],
  ["node:tls", "protocol/transport/tls/"],
  ["react", "client/ui/tui/"],
  ["string-width", "client/ui/tui/"],
];

/** Built-in modules that reach a disk, a network, another thread or the process. */
const INPUT_OUTPUT =
  /^node:(child_process|dgram|dns|fs|http|https|net|os|process|sqlite|tls|worker_threads)\b/;

/** All of the program that may name the `Deno` namespace; tests, scripts and bench may too. */
const MAY_NAME_DENO = new Set([
  "main.ts",
  "protocol/transport/builtin.ts",
  "protocol/transport/quiche/socket_deno.ts",
]);

interface Source {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly lines: number;
  /** Without comments. */
  readonly code: string;
  /** As written. */
  readonly imports: readonly string[];
}

const sources = await readSources();
const program = sources.filter(({ path }) =>
  !/^(tests|bench\/(?!compare\/)|scripts|examples\/(?!demo\/))/.test(path)
);

Deno.test("Imports keep the import rule", () => {
  const broken: string[] = [];
  for (const { path, imports } of sources) {
    const from = MAY_IMPORT.find(([room]) => path.startsWith(room))?.[1];
    assert.ok(from, `${path} is in no room: put it into one, or add its room to MAY_IMPORT`);
    for (const target of imports.filter(isRelative).map((specifier) => resolve(path, specifier))) {
      if (!allows(from, target)) broken.push(`${path} imports ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

Deno.test("Imports bring neither server nor client into a start that does not ask for them", () => {
  const loaded = loadedWith("main.ts");
  assert.ok(loaded.has("protocol/names.ts")); // Through cli/: the walk goes all the way.
  assert.deepEqual(
    [...loaded].filter((path) =>
      /^(server|client|bench|examples|protocol\/discovery)\//.test(path)
    ),
    [],
  );
});

Deno.test("Imports bring the interface for terminals in when it is used, and not before", () => {
  const loaded = loadedWith("server/main.ts", "client/main.ts", "cli/parse.ts");
  assert.ok(loaded.has("client/ui/plain.ts"));
  assert.deepEqual([...loaded].filter((path) => path.startsWith("client/ui/tui/")), []);
  // And that is all that brings Ink and React: see `ONLY_IN`.
  assert.ok(loadedWith("client/ui/tui/start.ts").has("client/ui/tui/app.ts"));
});

Deno.test("Imports of packages stay in the places that own them", () => {
  const broken = program.flatMap(({ path, imports }) =>
    ONLY_IN
      .filter(([module, ...rooms]) =>
        !rooms.some((room) => path.startsWith(room)) &&
        imports.some((specifier) => specifier.startsWith(module))
      )
      .map(([module]) => `${path} imports ${module}`)
  );
  assert.deepEqual(broken, []);
});

Deno.test("Imports bring no disk, network or process into frames and sessions", () => {
  const broken = sources
    .filter(({ path }) => /^protocol\/(?!transport\/|discovery\/)/.test(path))
    .flatMap(({ path, imports }) =>
      imports.filter((specifier) => INPUT_OUTPUT.test(specifier)).map((name) => `${path}: ${name}`)
    );
  assert.deepEqual(broken, []);
});

Deno.test("Imports are found in every form that they are written in", () => {
  const code = [
    'import one from "./1.ts";',
    'import { a, type b } from "./2.ts";',
    'import "./3.ts";',
    'import type { c } from "./4.ts";',
    "import {\n  d,\n  e,\n} from './5.ts';",
    'export { f } from "./6.ts";',
    'const { g } = await import("./7.ts");',
    'const h = new URL("./8.ts", import.meta.url);',
  ].join("\n");
  assert.deepEqual(importsOf(code).sort(), Array.from({ length: 8 }, (_, i) => `./${i + 1}.ts`));
});

Deno.test("Imports can all be read: each dynamic one names its module in plain text", () => {
  const broken = sources.filter(({ code }) => /\bimport\((?!\s*["'])/.test(code));
  assert.deepEqual(broken.map(({ path }) => path), []);
});

Deno.test("Deno is named by the listed files only", () => {
  const named = program.filter(({ code }) => /\bDeno\b/.test(withoutStrings(code)));
  assert.deepEqual(named.map(({ path }) => path).filter((path) => !MAY_NAME_DENO.has(path)), []);
});

Deno.test("exit is called by main.ts only", () => {
  const callers = program.filter(({ code }) => /\b(process|Deno)\s*\.\s*exit\b/.test(code));
  assert.deepEqual(callers.map(({ path }) => path).filter((path) => path !== "main.ts"), []);
});

Deno.test("Barrels do not exist: nothing is exported from another module's insides", () => {
  const barrels = sources.filter(({ path, code }) =>
    /^export\s+(type\s+)?(\*|\{[^}]*\})[^;"']*\bfrom\b/m.test(code) ||
    /(^|\/)(index|mod)\.ts$/.test(path)
  );
  assert.deepEqual(barrels.map(({ path }) => path), []);
});

Deno.test("Files stay short enough to read", () => {
  const long = sources.filter(({ lines }) => lines > MAX_LINES);
  assert.deepEqual(long.map(({ path, lines }) => `${path}: ${lines} lines`), []);
});

Deno.test("Every module of the program opens with what it is for", async () => {
  const silent: string[] = [];
  for (const { path } of program) {
    if (!(await readFile(join(ROOT, path), "utf8")).startsWith("/**")) silent.push(path);
  }
  assert.deepEqual(silent, []);
});

async function readSources(): Promise<Source[]> {
  const paths: string[] = [];
  for (const entry of await readdir(ROOT, { recursive: true, withFileTypes: true })) {
    const path = relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join("/");
    if (!entry.isFile() || !/\.tsx?$/.test(path)) continue;
    if (!path.split("/").some((part) => SKIPPED.has(part))) paths.push(path);
  }
  return await Promise.all(
    paths.sort().map(async (path) => {
      const text = await readFile(join(ROOT, path), "utf8");
      const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
      return { path, lines: text.split("\n").length - 1, code, imports: importsOf(code) };
    }),
  );
}

/** Static and dynamic imports, re-exports, and what is loaded through `new URL` (workers). */
function importsOf(code: string): string[] {
  return [
    ...staticImportsOf(code),
    ...find(code, /\bimport\(\s*["']([^"']+)["']/g),
    ...find(code, /\bnew URL\(\s*["']([^"']+\.ts)["'],\s*import\.meta\.url/g),
  ];
}

/** What is loaded with a module (and what it takes types from). */
function staticImportsOf(code: string): string[] {
  return [
    ...find(code, /\b(?:import|export)\b[^"'`;()]*?\bfrom\s*["']([^"']+)["']/g),
    ...find(code, /\bimport\s*["']([^"']+)["']/g),
  ];
}

/** The modules that are loaded with these, through all that they import for more than types. */
function loadedWith(...paths: string[]): Set<string> {
  const loaded = new Set(paths);
  for (const path of loaded) {
    const { code = "" } = sources.find((source) => source.path === path) ?? {};
    const running = code.replaceAll(/\bimport type\b[^;]*;/g, "");
    for (const specifier of staticImportsOf(running).filter(isRelative)) {
      loaded.add(resolve(path, specifier));
    }
  }
  return loaded;
}

function find(code: string, pattern: RegExp): string[] {
  return [...code.matchAll(pattern)].flatMap(([, specifier]) => specifier ?? []);
}

function allows(from: readonly string[], target: string): boolean {
  const fits = (prefix: string) => target.startsWith(prefix);
  return from.some(fits) &&
    !from.some((prefix) => prefix.startsWith("!") && fits(prefix.slice(1)));
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith(".");
}

function resolve(from: string, specifier: string): string {
  return normalize(join(dirname(from), specifier)).split(sep).join("/");
}

function withoutStrings(code: string): string {
  return code.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
}
