/**
 * Lines as people type them, into the parser and into a client that is joined to a server. No line
 * throws, what is read is written again as the same, no error repeats what was typed (it may be a
 * passphrase), and the next line is carried out as ever.
 */
import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { commandForms, parseLine } from "../../client/commands/commands.ts";
import type { Intent } from "../../client/events.ts";
import { safeText } from "../../protocol/safe_text.ts";
import { settle } from "../helpers/fake_clock.ts";
import { formatIntent } from "../helpers/format_intent.ts";
import { startSocketless } from "../helpers/socketless.ts";
import { startSocketlessClient } from "../helpers/socketless_client.ts";
import type { FuzzTarget } from "./batch.ts";

const RUNS = 1_000;
const CHAT_RUNS = 3;
/** Microseconds of CPU for one line of at most this many characters. */
const MOST_TIME = 200_000;
const LONGEST = 65_536;
/** A word that stands for whatever a person wants nobody to see. */
const SECRET = "hunter2zz";
/** Milliseconds in which a client gives up what gets no answer. */
const GIVEN_UP = 60_000;
/** Milliseconds of the server's clock between two looks, and of real time for its threads. */
const STEP = 250;
const REAL = 1;

const WORDS = commandForms().flatMap(({ words }) => words);
const argument = fc.oneof(
  fc.constantFrom(
    SECRET,
    `@${SECRET}`,
    `#${SECRET}`,
    "ann",
    "@ann",
    "ann,bob",
    "@ann,bob",
    "group:crew",
  ),
  fc.constantFrom(
    "#den",
    "den",
    "room:den",
    "1",
    "1,2",
    "0",
    "-",
    "7d",
    "12h",
    "1000",
    "1001",
    "-1",
  ),
  fc.constantFrom(
    "normal",
    "dnd",
    "away",
    "01JD3Z8Q6W0VX5T7N2K9M4RBCE",
    "99999999999",
    "1e3",
    "NaN",
  ),
  fc.constantFrom("__proto__", "constructor", "\0", "\x1b[2J", "\u202e", "\ud800", "é", "K\u212a"),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const gap = fc.constantFrom(" ", " ", " ", " ", "  ", "\t", "\u00a0", "");
const joined = (words: fc.Arbitrary<string[]>) =>
  fc.tuple(words, fc.array(gap, { minLength: 1, maxLength: 5 }))
    .map(([words, gaps]) => words.map((word, at) => word + gaps[at % gaps.length]).join(""));

const command = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...WORDS) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("0:", "1:", "1,3:", "//", "/", "@", "@@", "exit", "quit", "logout"),
  },
  { weight: 1, arbitrary: argument },
);
const line: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 10,
    arbitrary: joined(
      fc.tuple(command, fc.array(argument, { maxLength: 5 })).map((
        [first, rest],
      ) => [first, ...rest]),
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(command, argument, fc.nat(LONGEST)).map(([first, part, length]) =>
      `${first} ${(part || "x").repeat(Math.ceil(length / (part.length || 1)))}`.slice(0, LONGEST)
    ),
  },
);

/** Lines that end the client, or that cost a second of CPU for their key. */
const COSTLY = /^\s*(?:[/@](?:secret|quit|exit|logout|login|register)|exit|quit|logout)/i;

export const commandLines: FuzzTarget = {
  name: "command-lines",
  promise: "parseLine and Chat.type take any line, and repeat nothing of one that is refused",
  async run(batch) {
    await batch.tryInputs(RUNS, line, checkLine);
    const lines = fc.array(line.filter((line) => !COSTLY.test(line)), {
      ...{ minLength: 10, maxLength: 60, size: "max" },
    });
    await batch.tryInputs(CHAT_RUNS, lines, talk);
  },
};

function checkLine(line: string): void {
  const before = process.cpuUsage();
  const parsed = parseLine(line);
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < MOST_TIME, `${user + system} µs of CPU`);
  if (parsed.type === "error") {
    assert.ok(
      ["unknown_command", "bad_command", "bad_name", "empty_message"].includes(parsed.code),
    );
    assert.ok(!parsed.message.includes(SECRET), `repeats what was typed: ${parsed.message}`);
    assert.equal(parsed.message, safeText(parsed.message), "the error acts on the terminal");
  } else if (parsed.type === "intent") checkAgain(parsed.intent);
  else assert.equal(line.trim(), "");
}

/** What is written for an intent is read as the same one. */
function checkAgain(intent: Intent): void {
  const written = formatIntent(intent);
  const again = parseLine(written);
  assert.ok(again.type === "intent", `cannot read ${JSON.stringify(written)} again`);
  assert.deepEqual(again.intent, intent);
}

/** A client carries the lines out, whatever the server says; then it still says something. */
async function talk(lines: readonly string[]): Promise<void> {
  await using server = await startSocketless();
  await using _bob = await server.signIn("bob");
  const ann = await startSocketlessClient(server, "ann");
  try {
    const { chat } = ann.client;
    const typed: Promise<void>[] = [];
    for (const line of lines) {
      typed.push(chat.type(line));
      await settle(1);
    }
    await whilePassing(server, Promise.all(typed));
    // The first session may have been silent for too long.
    await using bob = await server.signIn("bob");
    await whilePassing(server, chat.type("@bob still here"));
    await whilePassing(server, bob.next("message"));
  } finally {
    await whilePassing(server, ann[Symbol.asyncDispose]());
  }
}

/** Waits for something that may need time: the server reads no faster than its rates. */
async function whilePassing<T>(
  server: { pass(ms: number): Promise<void> },
  promise: PromiseLike<T>,
): Promise<T> {
  let isDone = false;
  const done = () => void (isDone = true);
  promise.then(done, done);
  for (let ms = 0; ms < GIVEN_UP; ms += STEP) {
    await settle(20);
    if (isDone) return await promise;
    await new Promise((resolve) => setTimeout(resolve, REAL));
    await server.pass(STEP);
  }
  throw new Error("A line is never done");
}
