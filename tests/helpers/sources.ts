/**
 * The TypeScript sources of the repository, parsed: what tests of the architecture read. It resolves
 * no types.
 */
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SKIPPED = new Set(["node_modules", "dist", ".git"]);

/** A reference from one module to another, however it is written. */
export interface Import {
  /** As written. */
  readonly specifier: string;
  /** The path from the root, for a module of the repository. */
  readonly target: string | undefined;
  /** "url": `new URL(…, import.meta.url)`, which loads a worker or finds a program. */
  readonly kind: "static" | "dynamic" | "url" | "reexport";
  /** Erased before the program runs: it loads nothing. */
  readonly typeOnly: boolean;
  /** The exported names that it takes; `undefined` when that cannot be read, so it may be all. */
  readonly names: readonly string[] | undefined;
}

export interface Source {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly ast: ts.SourceFile;
  readonly imports: readonly Import[];
  /** The names that it exports. */
  readonly exports: readonly string[];
}

/** Every .ts and .tsx file of the repository. */
export async function readSources(): Promise<Source[]> {
  const paths = await findFiles(/\.tsx?$/);
  return paths.map((path) => parseSource(path, readFileSync(join(ROOT, path), "utf8")));
}

/** The paths of the repository's files with such names, in order. */
export async function findFiles(name: RegExp): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(ROOT, { recursive: true, withFileTypes: true })) {
    const path = relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join("/");
    if (!entry.isFile() || !name.test(path)) continue;
    if (!path.split("/").some((part) => SKIPPED.has(part))) paths.push(path);
  }
  return paths.sort();
}

export function readText(path: string): Promise<string> {
  return readFile(join(ROOT, path), "utf8");
}

export function parseSource(path: string, text: string): Source {
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  return {
    path,
    text,
    lines: text.split("\n").length - 1,
    ast,
    imports: importsOf(ast, path),
    exports: exportsOf(ast),
  };
}

/** Calls `visit` with each node of a file, from the outside in. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** The line on which a node begins, from 1. */
export function lineOf(node: ts.Node): number {
  const file = node.getSourceFile();
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
}

/** Every comment of a file, in order. */
export function commentsOf({ ast, text }: Source): string[] {
  const comments = new Map<number, string>();
  const keep = (ranges: readonly ts.CommentRange[] | undefined) => {
    for (const { pos, end } of ranges ?? []) comments.set(pos, text.slice(pos, end));
  };
  const visit = (node: ts.Node) => {
    keep(ts.getLeadingCommentRanges(text, node.getFullStart()));
    keep(ts.getTrailingCommentRanges(text, node.getEnd()));
    for (const child of node.getChildren(ast)) if (!ts.isJSDoc(child)) visit(child);
  };
  visit(ast);
  return [...comments].sort(([one], [other]) => one - other).map(([, comment]) => comment);
}

function importsOf(ast: ts.SourceFile, path: string): Import[] {
  const imports: Import[] = [];
  const add = (specifier: ts.Node | undefined, rest: Omit<Import, "specifier" | "target">) => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const target = specifier.text.startsWith(".") ? resolve(path, specifier.text) : undefined;
    imports.push({ specifier: specifier.text, target, ...rest });
  };
  walk(ast, (node) => {
    if (ts.isImportDeclaration(node)) {
      const { importClause: clause, moduleSpecifier } = node;
      const typeOnly = clause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
      add(moduleSpecifier, { kind: "static", typeOnly, names: namesOfImport(clause) });
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, { kind: "reexport", typeOnly: node.isTypeOnly, names: undefined });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const names = namesOfDynamicImport(node);
      add(node.arguments[0], { kind: "dynamic", typeOnly: false, names });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      const name = node.qualifier?.getText(ast).split(".")[0];
      const names = name === undefined ? undefined : [name];
      add(node.argument.literal, { kind: "static", typeOnly: true, names });
    } else if (isModuleUrl(node) && /\.tsx?$/.test(node.arguments[0].text)) {
      add(node.arguments[0], { kind: "url", typeOnly: false, names: [] });
    }
  });
  return imports;
}

function namesOfImport(clause: ts.ImportClause | undefined): readonly string[] | undefined {
  const names = clause?.name === undefined ? [] : ["default"];
  const bindings = clause?.namedBindings;
  if (bindings === undefined) return names;
  if (ts.isNamespaceImport(bindings)) return undefined;
  return [...names, ...bindings.elements.map((one) => (one.propertyName ?? one.name).text)];
}

/** Reads `const { a } = await import(…)`, `(await import(…)).a` and `import(…).then(({ a }) => …)`. */
function namesOfDynamicImport(call: ts.CallExpression): readonly string[] | undefined {
  let node: ts.Node = call.parent;
  while (ts.isAwaitExpression(node) || ts.isParenthesizedExpression(node)) node = node.parent;
  if (ts.isVariableDeclaration(node)) return namesOfPattern(node.name);
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  if (node.name.text !== "then") return [node.name.text];
  const callback = ts.isCallExpression(node.parent) ? node.parent.arguments[0] : undefined;
  if (callback === undefined || !ts.isArrowFunction(callback)) return undefined;
  const [parameter] = callback.parameters;
  return parameter === undefined ? [] : namesOfPattern(parameter.name);
}

function namesOfPattern(pattern: ts.BindingName): readonly string[] | undefined {
  if (!ts.isObjectBindingPattern(pattern)) return undefined;
  return pattern.elements.map(({ propertyName, name }) => (propertyName ?? name).getText());
}

function isModuleUrl(
  node: ts.Node,
): node is ts.NewExpression & { arguments: [ts.StringLiteral, ts.Expression] } {
  if (!ts.isNewExpression(node) || node.expression.getText() !== "URL") return false;
  const [path, base] = node.arguments ?? [];
  return path !== undefined && ts.isStringLiteral(path) && base?.getText() === "import.meta.url";
}

function exportsOf(ast: ts.SourceFile): string[] {
  return ast.statements.flatMap((statement) => {
    if (ts.isExportAssignment(statement)) return ["default"];
    if (ts.isExportDeclaration(statement)) {
      const clause = statement.exportClause;
      return clause && ts.isNamedExports(clause) ? clause.elements.map((one) => one.name.text) : [];
    }
    const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) ?? [] : [];
    if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
    if (modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)) return ["default"];
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.flatMap(({ name }) => namesOf(name));
    }
    const { name } = statement as ts.DeclarationStatement;
    return name === undefined ? [] : [name.text];
  });
}

function namesOf(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((one) => ts.isBindingElement(one) ? namesOf(one.name) : []);
}

function resolve(from: string, specifier: string): string {
  return normalize(join(dirname(from), specifier)).split(sep).join("/");
}
