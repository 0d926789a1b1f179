/**
 * The parts of `docs/protocol.md` that are made from the tables that the code runs. Each stands
 * between `<!-- made from …: NAME -->` and `<!-- end -->`; `docs_test.ts` compares them, and
 *
 *     deno run -A tests/helpers/protocol_docs.ts
 *
 * writes them anew.
 */
import { closeCodeOf, type ErrorCode, ERRORS } from "../../protocol/errors.ts";
import { CLIENT_RULES, SERVER_RULES } from "../../protocol/session/rules.ts";
import {
  follow,
  PREVIOUS,
  type SessionEvent,
  type State,
  STATES,
  TRANSITIONS,
} from "../../protocol/session/states.ts";

export const DOCUMENT = new URL("../../docs/protocol.md", import.meta.url);

const BLOCK = /(<!-- made from [^:>]+: ([a-z-]+) -->\n)([^]*?)(<!-- end -->)/g;

const MAKERS: Readonly<Record<string, () => string>> = {
  states: () =>
    table(["State", "Meaning"], Object.entries(STATES).map(([state, text]) => [state, text])),
  diagram,
  "client-frames": () => rules(CLIENT_RULES),
  "server-frames": () => rules(SERVER_RULES),
  "closing-errors": () =>
    table(
      ["Code", "Close code", "Meaning"],
      errors((close) => close !== undefined).map((code) => [
        `\`${code}\``,
        `0x${(closeCodeOf(code) ?? 0).toString(16)}`,
        ERRORS[code].meaning,
      ]),
    ),
  "other-errors": () =>
    table(
      ["Code", "Meaning"],
      errors((close) => close === undefined).map((code) => [`\`${code}\``, ERRORS[code].meaning]),
    ),
};

/** The names of the blocks that the document must have. */
export const BLOCKS: readonly string[] = Object.keys(MAKERS);

/** The document with every made part made anew. */
export function remake(document: string): string {
  return document.replaceAll(BLOCK, (_, head: string, name: string, _old, end: string) => {
    const make = MAKERS[name];
    if (make === undefined) throw new Error(`Nothing makes the part ${name}`);
    return `${head}\n${make()}\n\n${end}`;
  });
}

/** The names of the blocks that the document has. */
export function blocksOf(document: string): string[] {
  return [...document.matchAll(BLOCK)].map((match) => match[2] ?? "");
}

function diagram(): string {
  const lines = ["```mermaid", "stateDiagram-v2", "  [*] --> DISCONNECTED"];
  for (const event of Object.keys(TRANSITIONS) as SessionEvent[]) {
    for (const from of Object.keys(STATES) as State[]) {
      const to = follow(from, event);
      if (to === undefined) continue;
      // Back to wherever the fault happened: an arrow to each such state.
      const targets = to === PREVIOUS ? Object.keys(TRANSITIONS.fault) : [to];
      for (const target of targets) lines.push(`  ${from} --> ${target}: ${event}`);
    }
  }
  return [...lines, "```"].join("\n");
}

function rules(side: typeof CLIENT_RULES | typeof SERVER_RULES): string {
  return table(
    ["Frame", "States", "Streams"],
    Object.entries(side).map(([type, { states, streams }]) => [
      `[\`${type}\`](#${type})`,
      states.join(", "),
      streams.join(", "),
    ]),
  );
}

function errors(which: (close: number | undefined) => boolean): ErrorCode[] {
  return (Object.keys(ERRORS) as ErrorCode[]).filter((code) => which(closeCodeOf(code)));
}

/** A Markdown table as `deno fmt` leaves it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, i) =>
    Math.max(cell.length, ...rows.map((row) => (row[i] ?? "").length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(head), rule, ...rows.map(line)].join("\n");
}

if (import.meta.main) {
  const document = await Deno.readTextFile(DOCUMENT);
  await Deno.writeTextFile(DOCUMENT, remake(document));
}
