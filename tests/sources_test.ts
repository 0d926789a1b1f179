/** The reader of the sources, on which the tests of the architecture and of the style stand. */
import assert from "node:assert/strict";
import { commentsOf, parseSource } from "./helpers/sources.ts";

Deno.test("parseSource finds imports in every form that exists", () => {
  const { imports } = parseSource(
    "client/x.ts",
    [
      'import one from "./1.ts";',
      'import { a, type b } from "./2.ts";',
      'import "./3.ts";',
      'import type { c } from "./4.ts";',
      "import {\n  d,\n  e as f,\n} from './5.ts';",
      'export { f } from "./6.ts";',
      'const { g } = await import("./7.ts");',
      'const h = new URL("./8.ts", import.meta.url);',
      'type I = import("../9.ts").I;',
      'const j = (await import("./10.ts")).j;',
      'await import("./11.ts").then(({ k }) => k());',
      'import * as l from "./12.ts";',
      '// import { m } from "./13.ts";',
    ].join("\n"),
  );
  const found = new Map(imports.map(({ target, names, typeOnly }) => [target, [names, typeOnly]]));
  assert.deepEqual(
    found,
    new Map([
      ["client/1.ts", [["default"], false]],
      ["client/2.ts", [["a", "b"], false]],
      ["client/3.ts", [[], false]],
      ["client/4.ts", [["c"], true]],
      ["client/5.ts", [["d", "e"], false]],
      ["client/6.ts", [undefined, false]],
      ["client/7.ts", [["g"], false]],
      ["client/8.ts", [[], false]],
      ["9.ts", [["I"], true]],
      ["client/10.ts", [["j"], false]],
      ["client/11.ts", [["k"], false]],
      ["client/12.ts", [undefined, false]],
    ]),
  );
});

Deno.test("parseSource finds every name that a module exports", () => {
  const { exports } = parseSource(
    "x.ts",
    [
      "export const a = 1, { b, c: [d] } = e;",
      "export function f() {}",
      "export default class {}",
      "export interface G {}",
      "export type H = 1;",
      "const i = 1, j = 2;",
      "export { i, j as k };",
      "function l() {}",
    ].join("\n"),
  );
  assert.deepEqual(exports, ["a", "b", "d", "f", "default", "G", "H", "i", "k"]);
});

Deno.test("commentsOf finds comments in every place, and no strings", () => {
  const code = [
    "/** One. */",
    "export const a = [ // Two.",
    "  // Three.",
    "]; /* Four. */",
    'const b = "// Five." + /* Six. */ `/* Seven. */`;',
    "// Eight.",
  ].join("\n");
  assert.deepEqual(
    commentsOf(parseSource("x.ts", code)).map((comment) => comment.replaceAll(/[^A-Za-z]/g, "")),
    ["One", "Two", "Three", "Four", "Six", "Eight"],
  );
});
