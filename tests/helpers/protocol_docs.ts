/**
 * The parts of `docs/protocol.md` that are made from tables in the code. Each is between
 * `<!-- made from …: NAME -->` and `<!-- end -->`. `docs_test.ts` compares them. This updates them:
 *
 *     deno run -A tests/helpers/protocol_docs.ts
 */
import fc from "fast-check";
import { closeCodeOf, type ErrorCode, ERRORS } from "../../protocol/errors.ts";
import type { ClientFrame } from "../../protocol/frame.ts";
import { CLIENT_RULES, SERVER_RULES } from "../../protocol/session/rules.ts";
import {
  nextState,
  PREVIOUS,
  type SessionEvent,
  type State,
  STATES,
  TRANSITIONS,
} from "../../protocol/session/states.ts";
import { SERVER_LIMITS } from "../../server/config.ts";
import { limitOf } from "../../server/dispatch.ts";
import { type Limit, NETWORK_SHARE } from "../../server/frame_rates.ts";
import type { Rate } from "../../server/rate_limiter.ts";
import { CLIENT_ARBITRARIES } from "./frames.ts";
import { REFUSALS } from "./refusals.ts";

export const DOCUMENT = new URL("../../docs/protocol.md", import.meta.url);

const BLOCK = /(<!-- made from [^:>]+: ([a-z-]+) -->\n)([^]*?)(<!-- end -->)/g;

const MAKERS: Readonly<Record<string, () => string>> = {
  states: () =>
    table(["State", "Meaning"], Object.entries(STATES).map(([state, text]) => [state, text])),
  diagram,
  "client-frames": () => rules(CLIENT_RULES),
  "server-frames": () => rules(SERVER_RULES),
  refusals,
  rates,
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

/** One client frame of each type. */
const FRAMES = new Map<string, ClientFrame>(
  Object.values(CLIENT_ARBITRARIES).flatMap((arbitrary: fc.Arbitrary<ClientFrame>) =>
    fc.sample(arbitrary, 1).map((frame) => [frame.type, frame])
  ),
);

/** The names of the blocks that the document must have. */
export const BLOCKS: readonly string[] = Object.keys(MAKERS);

/** The document with all of these parts updated. */
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
      const to = nextState(from, event);
      if (to === undefined) continue;
      // To the state in which the fault happened: an arrow to each possible one.
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

/** A row for each error of each request. */
function refusals(): string {
  const rows = Object.entries(REFUSALS).flatMap(([type, reasons]) => {
    const request = `[\`${type}\`](#${type})`;
    const entries = Object.entries(reasons);
    if (entries.length === 0) return [[request, "", "none"]];
    return entries.map(([code, when], at) => [at === 0 ? request : "", `\`${code}\``, when]);
  });
  return table(["Request", "Error", "When"], rows);
}

function rates(): string {
  const { sends, lists, changes, requests, logins, failures, newRooms } = SERVER_LIMITS;
  const others = "all other frames, refused ones too; not `chunk`";
  const ofAccount = `an account; a network has ${NETWORK_SHARE} times as much`;
  const failed = "those of them that failed with `bad_credentials` or `bad_code`";
  const rows: [name: string, limit: Rate, counts: string, of: string][] = [
    ["sends", sends, framesOf("sends"), ofAccount],
    ["lists", lists, framesOf("lists"), ofAccount],
    ["changes", changes, framesOf("changes"), ofAccount],
    ["requests", requests, others, ofAccount],
    ["logins", logins, "`login`, successful or not", "a network"],
    ["failures", failures, failed, "a network"],
    ["newRooms", newRooms, "`create` of a room that was made", "a network"],
  ];
  return table(
    ["Limit", "At once", "In the long run", "Counts", "Of"],
    rows.map(([name, { rate, burst }, counts, of]) => [
      `\`${name}\``,
      burst.toLocaleString("en"),
      rate < 1 ? `${rate * 60} a minute` : `${rate} a second`,
      counts,
      of,
    ]),
  );
}

/** The frames that a limit counts. */
function framesOf(limit: Limit): string {
  const counted = Object.keys(CLIENT_RULES).filter((type) => {
    const frame = FRAMES.get(type);
    if (frame === undefined || frame.type === "hello" || frame.type === "ping") return false;
    return limitOf(frame) === limit;
  });
  return counted.map((type) => `\`${type}\``).join(", ");
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
