/**
 * The names of the tests that a file has, read from its source. Where a test's name is put together
 * from a table, `…` stands for what the table fills in.
 */
import ts from "typescript";
import { parseSource, walk } from "./sources.ts";

const IS_TEST = /^(Deno\.)?test(\.step)?$/;

/** Also names of steps, and the sentences of a contract, which become names of tests (`tests/server/store/rule.ts`). */
export function testNamesOf(path: string, text: string): string[] {
  const names: string[] = [];
  const { ast } = parseSource(path, text);
  walk(ast, (node) => {
    if (ts.isCallExpression(node) && IS_TEST.test(node.expression.getText(ast))) {
      const name = nameOf(node.arguments[0]);
      if (name !== undefined) names.push(name);
    } else if (ts.isVariableDeclaration(node) && node.type?.getText(ast) === "Rules") {
      names.push(...keysOf(node.initializer));
    }
  });
  return names;
}

function nameOf(node: ts.Expression | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isObjectLiteralExpression(node)) return nameOf(propertyOf(node, "name"));
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("…");
}

function propertyOf(node: ts.ObjectLiteralExpression, key: string): ts.Expression | undefined {
  const found = node.properties.find(({ name }) => name?.getText() === key);
  return found !== undefined && ts.isPropertyAssignment(found) ? found.initializer : undefined;
}

function keysOf(node: ts.Expression | undefined): string[] {
  if (node === undefined || !ts.isObjectLiteralExpression(node)) return [];
  return node.properties.flatMap(({ name }) =>
    name !== undefined && ts.isStringLiteral(name) ? [name.text] : []
  );
}
