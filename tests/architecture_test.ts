/**
 * Holds the import rule, the list of files that may name `Deno`, and the other promises of
 * ARCHITECTURE.md that can be read off the sources. It reads every .ts file in the tree. What files
 * look like inside is the matter of `style_test.ts`.
 */
import assert from "node:assert/strict";
import { type Import, parseSource, readSources, type Source } from "./helpers/sources.ts";

/** What the chat's inside must not see: bytes on their way, disks, and who puts the parts together. */
const OUTSIDE = [
  "!protocol/transport/",
  "!server/peer_connection.ts",
  "!server/dispatch.ts",
  "!server/main.ts",
  "!server/outbox.ts",
  "!server/connections.ts",
  "!server/store/sqlite.ts",
];

/** The part of the client that runs anywhere. */
const CLIENT_CORE =
  /^client\/((account|chat|ending|event_queue|events|log)\.ts|(commands|files|messages|session)\/|ui\/state\.ts)/;

/** Paths that a module may import: beginnings, and, after `!`, exceptions. */
type Allowed = readonly string[];

/** What each part may import. The first part that fits a file is its own. */
const MAY_IMPORT: readonly (readonly [part: string, from: Allowed])[] = [
  [
    "main.ts",
    [
      ...["cli/", "server/", "client/", "bench/compare/", "examples/demo/", "package.json"],
      ...["protocol/exit_codes.ts", "protocol/host_port.ts", "protocol/system_error.ts"],
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
  ["protocol/transport/", [
    "protocol/transport/",
    "protocol/assert.ts",
    "protocol/clock.ts",
    "protocol/system_error.ts",
  ]],
  ["protocol/", ["protocol/", "!protocol/transport/", "!protocol/discovery/"]],
  // It drives the program as the tests do.
  ["scripts/screenshots.ts", ["scripts/", "tests/helpers/"]],
  // They run the simulator and the fuzzers of the tests.
  ["scripts/simulate.ts", ["scripts/", "tests/sim/"]],
  ["scripts/fuzz.ts", ["scripts/", "tests/fuzz/"]],
  ["scripts/plant_faults.ts", ["scripts/", "tests/fuzz/", "tests/sim/"]],
  ["scripts/", ["scripts/", "package.json"]],
  ["examples/", ["cli/server_address.ts", "client/", "protocol/host_port.ts"]],
  ["tests/", [""]],
  ["bench/", [""]],
];

/** Packages and built-in modules that belong to few places. */
const ONLY_IN: readonly (readonly [module: string, ...parts: string[]])[] = [
  ["@matrixai/quic", "protocol/transport/quiche/"],
  ["@msgpack/msgpack", "protocol/"],
  ["@noble/ciphers", "protocol/secret.ts"],
  ["@optique/", "cli/"],
  ["@peculiar/x509", "certs/"],
  ["ink", "client/ui/tui/"],
  ["jose", "certs/fingerprint.ts", "server/services/"],
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

/** Built-in modules that reach a disk, a database or a network. */
const DISK_OR_NETWORK = /^node:(dgram|dns|fs|http|https|net|sqlite|tls)\b/;

const sources = await readSources();
/** What the program consists of. */
const program = sources.filter(({ path }) =>
  !/^(tests|bench\/(?!compare\/)|scripts|examples\/(?!demo\/))/.test(path)
);

Deno.test("Imports keep the import rule", () => {
  for (const { path } of sources) {
    assert.ok(partOf(path), `${path} is in no part: move it, or add its part to MAY_IMPORT`);
  }
  assert.deepEqual(sources.flatMap(forbiddenImports), []);
});

Deno.test("Imports bring nothing of a platform into the client's core, types included", () => {
  const core = sources.filter(({ path }) => CLIENT_CORE.test(path));
  const broken = core.flatMap(({ path, imports }) =>
    imports
      .filter(({ specifier, target = "" }) =>
        /^node:/.test(specifier) || /^client\/(platform|program|main)/.test(target)
      )
      .map(({ specifier }) => `${path} imports ${specifier}`)
  );
  assert.ok(core.length > 30, "the pattern of the core fits few files");
  assert.deepEqual(broken, []);
});

Deno.test("Imports that break the import rule are found, those of types too", () => {
  const code = 'import { a } from "../certs/make.ts";\nimport type { B } from "../client/chat.ts";';
  assert.deepEqual(forbiddenImports(parseSource("server/x.ts", code)), [
    "server/x.ts imports client/chat.ts",
  ]);
});

Deno.test("Imports form no circle, those of types neither", () => {
  assert.deepEqual(circlesOf(sources), []);
});

Deno.test("Imports in circles are found, however long and whatever they import", () => {
  const made = [
    parseSource("a.ts", 'import { b } from "./b.ts";\nimport { d } from "./d.ts";'),
    parseSource("b.ts", 'import type { C } from "./c.ts";'),
    parseSource("c.ts", 'const { a } = await import("./a.ts");'),
    parseSource("d.ts", 'import { e } from "./e.ts";'),
    parseSource("e.ts", 'import assert from "node:assert";'),
    parseSource("f.ts", 'import { f } from "./f.ts";'),
  ];
  assert.deepEqual(circlesOf(made), [["a.ts", "b.ts", "c.ts"], ["f.ts"]]);
});

Deno.test("Imports bring neither server nor client into a start that does not ask for them", () => {
  const loaded = loadedWith(sources, "main.ts");
  assert.ok(loaded.has("protocol/names.ts")); // Through cli/: the walk goes all the way.
  assert.deepEqual(
    [...loaded.keys()].filter((path) =>
      /^(server|client|bench|examples|protocol\/discovery)\//.test(path)
    ),
    [],
  );
});

Deno.test("Imports bring the interface for terminals in when it is used, and not before", () => {
  const loaded = loadedWith(sources, "server/main.ts", "client/main.ts", "cli/parse.ts");
  assert.ok(loaded.has("client/ui/plain.ts"));
  assert.deepEqual([...loaded.keys()].filter((path) => path.startsWith("client/ui/tui/")), []);
  // And that is all that brings Ink and React: see `ONLY_IN`.
  assert.ok(loadedWith(sources, "client/ui/tui/tui.ts").has("client/ui/tui/app.ts"));
});

Deno.test("Imports of packages stay in the places that own them", () => {
  const broken = program.flatMap(({ path, imports }) =>
    ONLY_IN
      .filter(([module, ...parts]) =>
        !parts.some((part) => path.startsWith(part)) &&
        imports.some(({ specifier }) => specifier.startsWith(module))
      )
      .map(([module]) => `${path} imports ${module}`)
  );
  assert.deepEqual(broken, []);
});

Deno.test("Imports bring no disk, network or process into frames and sessions", () => {
  const broken = sources
    .filter(({ path }) => /^protocol\/(?!transport\/|discovery\/)/.test(path))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier }) => INPUT_OUTPUT.test(specifier))
        .map(({ specifier }) => `${path} imports ${specifier}`)
    );
  assert.deepEqual(broken, []);
});

Deno.test("Imports bring no disk, database or network into services and handlers, at any distance", () => {
  const inside = /^server\/(services|handlers)\//;
  assert.deepEqual(loadersOf(sources, inside, DISK_OR_NETWORK), []);
});

Deno.test("Imports bring nothing of Node into the client's core, at any distance", () => {
  assert.deepEqual(loadersOf(sources, CLIENT_CORE, /^node:/), []);
});

Deno.test("Imports that load a disk through another module are found, and types load nothing", () => {
  const made = [
    parseSource("server/services/one.ts", 'import { two } from "../two.ts";'),
    parseSource("server/two.ts", 'import { three } from "./three.ts";'),
    parseSource("server/three.ts", 'import { open } from "node:fs/promises";'),
    parseSource("server/services/four.ts", 'import type { Five } from "../five.ts";'),
    parseSource("server/five.ts", 'import { DatabaseSync } from "node:sqlite";'),
  ];
  assert.deepEqual(loadersOf(made, /^server\/services\//, DISK_OR_NETWORK), [
    [
      "server/three.ts",
      "server/services/one.ts > server/two.ts > server/three.ts: node:fs/promises",
    ],
  ]);
});

function partOf(path: string): Allowed | undefined {
  return MAY_IMPORT.find(([part]) => path.startsWith(part))?.[1];
}

function forbiddenImports({ path, imports }: Source): string[] {
  return imports
    .flatMap(({ target }) => target ?? [])
    .filter((target) => !allows(partOf(path) ?? [], target))
    .map((target) => `${path} imports ${target}`);
}

function allows(from: Allowed, target: string): boolean {
  const fits = (prefix: string) => target.startsWith(prefix);
  return from.some(fits) &&
    !from.some((prefix) => prefix.startsWith("!") && fits(prefix.slice(1)));
}

/** The sets of files that reach each other by their imports. */
function circlesOf(all: readonly Source[]): string[][] {
  const reached = new Map(all.map((source) => [source.path, reachedFrom(all, source.path)]));
  const circles = new Map<string, string[]>();
  for (const { path } of all) {
    if (!reached.get(path)?.has(path)) continue;
    const circle = [...reached.get(path) ?? []].filter((other) => reached.get(other)?.has(path));
    circles.set(circle.sort().join(), circle);
  }
  return [...circles.values()];
}

/** The files that a file imports, itself or through others; itself among them if it is in a circle. */
function reachedFrom(all: readonly Source[], start: string): Set<string> {
  const byPath = new Map(all.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const visit = (path: string) => {
    for (const { target } of byPath.get(path)?.imports ?? []) {
      if (target !== undefined && !reached.has(target)) {
        reached.add(target);
        visit(target);
      }
    }
  };
  visit(start);
  return reached;
}

/**
 * The modules that are loaded with these, through all that they import for more than types; for each
 * the module that loads it. What is imported dynamically is loaded later, if at all.
 */
function loadedWith(
  all: readonly Source[],
  ...paths: readonly string[]
): Map<string, string | undefined> {
  const byPath = new Map(all.map((source) => [source.path, source]));
  const loads = ({ kind, typeOnly }: Import) =>
    (kind === "static" || kind === "reexport") && !typeOnly;
  const loaded = new Map<string, string | undefined>(paths.map((path) => [path, undefined]));
  for (const path of loaded.keys()) {
    for (const { target } of byPath.get(path)?.imports.filter(loads) ?? []) {
      if (target !== undefined && !loaded.has(target)) loaded.set(target, path);
    }
  }
  return loaded;
}

/** Of the modules that these files load, those that import such built-in ones, with the way there. */
function loadersOf(
  all: readonly Source[],
  files: RegExp,
  builtin: RegExp,
): (readonly [path: string, way: string])[] {
  const starts = all.map(({ path }) => path).filter((path) => files.test(path));
  const loaded = loadedWith(all, ...starts);
  return all.filter(({ path }) => loaded.has(path)).flatMap(({ path, imports }) => {
    // A file of the inside names none even for its types.
    const found = imports.find(({ specifier, typeOnly }) =>
      builtin.test(specifier) && (!typeOnly || files.test(path))
    );
    if (found === undefined) return [];
    const way = [path];
    for (let at = loaded.get(path); at !== undefined; at = loaded.get(at)) way.unshift(at);
    return [[path, `${way.join(" > ")}: ${found.specifier}`] as const];
  });
}
