/**
 * Numbers that a module keeps to itself, read from its source: what tests compare documents with. It
 * computes products, quotients, powers and sums, and knows constants of the same file.
 */
import ts from "typescript";
import { parseSource, readText, type Source, walk } from "./sources.ts";

/** `name`: of a constant, or `NAME.key` for what an object has under a key. */
export async function constantOf(path: string, name: string): Promise<number> {
  const source = parseSource(path, await readText(path));
  return numberIn(source, name.split("."));
}

/** How a constant is written in the source. */
export async function constantText(path: string, name: string): Promise<string> {
  const source = parseSource(path, await readText(path));
  return initializerOf(source, name).getText(source.ast);
}

function numberIn(source: Source, [name = "", key]: readonly string[]): number {
  const node = initializerOf(source, name);
  return evaluate(source, key === undefined ? node : memberOf(node, key));
}

function initializerOf({ ast, path }: Source, name: string): ts.Expression {
  let found: ts.Expression | undefined;
  walk(ast, (node) => {
    if (ts.isVariableDeclaration(node) && node.name.getText(ast) === name) {
      found ??= node.initializer;
    }
  });
  if (found === undefined) throw new Error(`${path} has no constant ${name}`);
  return found;
}

function memberOf(node: ts.Expression, key: string): ts.Expression {
  const members = ts.isObjectLiteralExpression(node) ? node.properties : [];
  for (const member of members) {
    if (ts.isPropertyAssignment(member) && member.name.getText() === key) return member.initializer;
  }
  throw new Error(`${node.getText()} has no ${key}`);
}

function evaluate(source: Source, node: ts.Expression): number {
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (ts.isParenthesizedExpression(node)) return evaluate(source, node.expression);
  if (ts.isIdentifier(node)) return numberIn(source, [node.text]);
  if (ts.isBinaryExpression(node)) {
    const left = evaluate(source, node.left);
    const right = evaluate(source, node.right);
    switch (node.operatorToken.kind) {
      case ts.SyntaxKind.AsteriskToken:
        return left * right;
      case ts.SyntaxKind.SlashToken:
        return left / right;
      case ts.SyntaxKind.AsteriskAsteriskToken:
        return left ** right;
      case ts.SyntaxKind.PlusToken:
        return left + right;
    }
  }
  throw new Error(`Cannot compute ${node.getText()} of ${source.path}`);
}
