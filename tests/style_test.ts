/**
 * Holds what CONTRIBUTING.md says of files: how long they and their functions are, what they export,
 * and that the files that they name exist. It reads every .ts file in the tree.
 */
import assert from "node:assert/strict";
import ts from "typescript";
import {
  commentsOf,
  findFiles,
  lineOf,
  parseSource,
  readSources,
  readText,
  type Source,
  walk,
} from "./helpers/sources.ts";

const MIN_LINES = 6;
const MAX_LINES = 400;
const MAX_FUNCTION_LINES = 70;

/** All of the program that may name the `Deno` namespace; tests, scripts and bench may too. */
const MAY_NAME_DENO = new Set([
  "protocol/transport/builtin.ts",
  "protocol/transport/builtin/connection.ts",
  "protocol/transport/quiche/socket_deno.ts",
  "server/receive_buffer.ts",
]);

const sources = await readSources();
/** What the program consists of. */
const program = sources.filter(({ path }) =>
  !/^(tests|bench\/(?!compare\/)|scripts|examples\/(?!demo\/))/.test(path)
);

Deno.test("Files are neither too long to read nor too short to be files", () => {
  assert.deepEqual(sources.flatMap(wrongLength), []);
  assert.deepEqual(wrongLength(parseSource("x.ts", "export {};\n".repeat(5))), ["x.ts: 5 lines"]);
  assert.deepEqual(wrongLength(parseSource("x.ts", "\n".repeat(6))), []);
  assert.deepEqual(wrongLength(parseSource("x.ts", "\n".repeat(401))), ["x.ts: 401 lines"]);
});

Deno.test("Functions stay short enough to read, tests and components too", () => {
  assert.deepEqual(sources.flatMap(longFunctions), []);
  const body = `{${"\n".repeat(70)}}`;
  const kinds = [
    `function f() ${body}`,
    `class C { m() ${body} }`,
    `Deno.test("x", async () => ${body});`,
    `const o = { get a() ${body} };`,
  ];
  for (const code of kinds) {
    assert.deepEqual(
      longFunctions(parseSource("x.ts", code)),
      ["x.ts:1: 71 lines"],
      code,
    );
    assert.deepEqual(longFunctions(parseSource("x.ts", code.replace("\n", ""))), []);
  }
});

Deno.test("Exports are all imported by another file", () => {
  assert.deepEqual(unusedExports(sources), []);
  const made = [
    parseSource("a.ts", "export const a = 1;\nexport type B = 2;\nexport function c() {}"),
    parseSource("b.ts", 'import { a } from "./a.ts";\nimport type { B } from "./a.ts";'),
    parseSource("d.ts", "export const e = 1;\nexport const f = 2;"),
    parseSource("g.ts", 'import * as d from "./d.ts";'),
  ];
  assert.deepEqual(unusedExports(made), ["a.ts: c"]);
});

Deno.test("Comments and documents name files and folders that exist", async () => {
  const documents = await findFiles(/\.md$/);
  const files = await findFiles(/^/);
  const texts = [
    ...sources.map((source) => [source.path, commentsOf(source).join("\n")] as const),
    ...await Promise.all(documents.map(async (path) => [path, await readText(path)] as const)),
  ];
  const missing = texts.flatMap(([path, text]) =>
    missingFiles(path, text, files).map((name) => `${path} names ${name}`)
  );
  assert.deepEqual(missing, []);
});

Deno.test("Comments that name a missing file or folder are found", () => {
  const files = ["client/ui/plain.ts", "docs/cli.md", "main.ts"];
  const text = "plain.ts, `ui/plain.ts`, client/ui/ and ../main.ts, " +
    "but not plan.ts, `client/ui/tui/`, docs/plain.ts or ../../client/plain.ts";
  const missing = ["plan.ts", "client/ui/tui/", "docs/plain.ts", "client/plain.ts"];
  assert.deepEqual(missingFiles("client/x.ts", text, files), missing);
  assert.deepEqual(missingFiles("docs/x.md", text, files), missing);
  assert.deepEqual(missingFiles("server/x.ts", "plain.ts", files), ["plain.ts"]);
});

Deno.test("Modules of the program open with what they are for", () => {
  const silent = program.filter(({ text }) => !text.startsWith("/**"));
  assert.deepEqual(silent.map(({ path }) => path), []);
});

Deno.test("Imports can all be read: each dynamic one names its module in plain text", () => {
  assert.deepEqual(sources.flatMap(computedImports), []);
  const made = parseSource("x.ts", 'await import("./a.ts");\nawait import(`./${name}.ts`);');
  assert.deepEqual(computedImports(made), ["x.ts: import(`./${name}.ts`)"]);
});

Deno.test("Deno is named by the listed files only", () => {
  const named = program.filter((source) => names(source, "Deno")).map(({ path }) => path);
  assert.deepEqual(named.sort(), [...MAY_NAME_DENO].sort());
  assert.ok(names(parseSource("x.ts", "globalThis.Deno.pid;"), "Deno"));
  assert.ok(!names(parseSource("x.ts", '/* Deno */ const runtime = "Deno";'), "Deno"));
});

Deno.test("exit is called by main.ts only", () => {
  assert.deepEqual(program.filter(exits).map(({ path }) => path), ["main.ts"]);
  assert.ok(exits(parseSource("x.ts", "Deno.exit(1);")));
  assert.ok(!exits(parseSource("x.ts", "process.exitCode = 1;")));
});

Deno.test("Barrels do not exist: nothing is exported from another module's insides", () => {
  assert.deepEqual(sources.filter(isBarrel).map(({ path }) => path), []);
  assert.ok(isBarrel(parseSource("x.ts", 'export type { A } from "./a.ts";')));
  assert.ok(isBarrel(parseSource("client/mod.ts", "export const a = 1;")));
});

function wrongLength({ path, lines }: Source): string[] {
  return lines < MIN_LINES || lines > MAX_LINES ? [`${path}: ${lines} lines`] : [];
}

function longFunctions({ path, ast }: Source): string[] {
  const found: string[] = [];
  walk(ast, (node) => {
    if (!ts.isFunctionLike(node) || !("body" in node) || node.body === undefined) return;
    const start = lineOf(node);
    const lines = ast.getLineAndCharacterOfPosition(node.end).line + 2 - start;
    if (lines > MAX_FUNCTION_LINES) found.push(`${path}:${start}: ${lines} lines`);
  });
  return found;
}

function unusedExports(all: readonly Source[]): string[] {
  const imported = new Set<string>();
  for (const { target, names } of all.flatMap(({ imports }) => imports)) {
    for (const name of names ?? ["*"]) imported.add(`${target}: ${name}`);
  }
  return all
    .filter(({ path }) => !imported.has(`${path}: *`))
    .flatMap(({ path, exports }) => exports.map((name) => `${path}: ${name}`))
    .filter((one) => !imported.has(one));
}

/** What a text names as a file or a folder of the repository, without `./` and `../`. */
const NAMED = new RegExp(
  String.raw`(?<![\w/.*:@-])(?:\.{1,2}/)*(` +
    String.raw`(?:[\w-]+/)*[\w.-]*\w\.tsx?\b|` +
    String
      .raw`(?:client|server|protocol|certs|cli|tests|bench|examples|scripts|docs)/(?:[\w-]+/)*(?![\w.*-])` +
    ")",
  "g",
);

/**
 * The files and folders that a text of this file names and that do not exist. A file may be named by
 * the end of its path in the same part of the tree; tests and documents may name any file so.
 */
function missingFiles(from: string, text: string, files: readonly string[]): string[] {
  const part = /^(client|server|protocol|certs|cli)\//.exec(from)?.[0] ?? "";
  return [...text.matchAll(NAMED)].map(([, name = ""]) => name).filter((name) =>
    name.endsWith("/") ? !files.some((path) => path.startsWith(name)) : !files.includes(name) &&
      !files.some((path) => path.startsWith(part) && path.endsWith(`/${name}`))
  );
}

function computedImports({ path, ast }: Source): string[] {
  const found: string[] = [];
  walk(ast, (node) => {
    if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword) return;
    const [specifier] = node.arguments;
    if (specifier !== undefined && ts.isStringLiteral(specifier)) return;
    found.push(`${path}: ${node.getText(ast)}`);
  });
  return found;
}

function names({ ast }: Source, name: string): boolean {
  let found = false;
  walk(ast, (node) => {
    if (ts.isIdentifier(node) && node.text === name) found = true;
  });
  return found;
}

function exits({ ast }: Source): boolean {
  let found = false;
  walk(ast, (node) => {
    if (!ts.isPropertyAccessExpression(node) || node.name.text !== "exit") return;
    if (/^(process|Deno|globalThis\.Deno)$/.test(node.expression.getText(ast))) found = true;
  });
  return found;
}

function isBarrel({ path, imports }: Source): boolean {
  return imports.some(({ kind }) => kind === "reexport") || /(^|\/)(index|mod)\.ts$/.test(path);
}
