/**
 * Frames of a hostile server for the headless client, in every state of a session, as answers and
 * unasked, on streams of every kind. Whatever comes, the client sends valid frames, shows events that
 * its schema has and lines that are safe for a terminal, and goes on with an honest server.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChatEvent } from "../../client/events.ts";
import { PlainView } from "../../client/ui/plain.ts";
import type { ServerFrames } from "../../protocol/frame.ts";
import { safeText } from "../../protocol/safe_text.ts";
import { TestChat } from "../helpers/client.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import { SERVER_ARBITRARIES } from "../helpers/frames.ts";
import { MemoryEngine } from "../helpers/memory_engine.ts";
import { MemoryFiles } from "../helpers/memory_files.ts";
import { ulidOf } from "../helpers/messages.ts";
import { Random } from "../sim/random.ts";
import type { FuzzTarget } from "./batch.ts";
import { type Frames, FRESH, HostileServer, type Manners } from "./hostile_server.ts";
import { serverBody, serverFrames } from "./likely_frames.ts";

const RUNS = 40;
/** Milliseconds in which every client has left, and in which it has dialled again. */
const LEFT = 10_000;
const REDIALLED = 120_000;

type Step =
  | { readonly type: "frame"; readonly body: Uint8Array }
  | { readonly type: "answer"; readonly as: keyof ServerFrames | undefined }
  | { readonly type: "line"; readonly line: string }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "cut" };

interface Run {
  readonly seed: number;
  readonly steps: readonly Step[];
  readonly manners: readonly Manners[];
  readonly answers: readonly Frames[];
}

/** What a person may type, as long as it costs little: no secret messages. */
const LINES = [
  ...["hello", "@names", "/rooms", "/groups", "/members", "/members den", "/history", "/history 3"],
  ...["/history @bob 2", "@bob hello", "@ann,bob hello", "1,2: hello", "/r again", "/search hello"],
  ...["/join den", "/leave", "/leave den", "/create den tea", "/delete den", "/topic tea"],
  ...["@group set crew bob", "@group add crew eve", "@group remove crew bob", "@group list"],
  ...["@group send crew hi", "@group leave crew", "@group delete crew", "@status dnd", "@status"],
  ...["/invite", "/invite 2 7d", "/open", "/open 1", "/accept", "/accept 1", "/decline", "/files"],
  ...["/cancel 1", "/send @bob file", "/send #general file", "/login bob", "/keys forget bob"],
];

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ type: fc.constant("frame" as const), body: serverBody }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("answer" as const),
      as: fc.option(
        fc.constantFrom(...Object.keys(SERVER_ARBITRARIES) as (keyof ServerFrames)[]),
        { nil: undefined, freq: 3 },
      ),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant("line" as const), line: fc.constantFrom(...LINES) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.nat(40_000) }),
  },
  { weight: 1, arbitrary: fc.constant({ type: "cut" as const }) },
);

const manners: fc.Arbitrary<Manners> = fc.record({
  early: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    fc.array(fc.array(serverBody, { maxLength: 3 }), { maxLength: 2 }),
  ),
  signsIn: fc.constantFrom(true, true, true, true, false),
  aside: fc.array(serverBody, { maxLength: 4 }),
  answers: serverFrames,
  ending: fc.constantFrom("end", "end", "reset", "stay"),
});

const run: fc.Arbitrary<Run> = fc.record({
  seed: fc.nat(),
  steps: fc.array(step, { minLength: 1, maxLength: 60, size: "max" }),
  manners: fc.array(manners, { minLength: 1, maxLength: 3 }),
  answers: fc.array(serverFrames, { minLength: 1, maxLength: 4 }),
});

export const clientFrames: FuzzTarget = {
  name: "client-frames",
  promise:
    "Chat keeps the protocol whatever frames come, and shows nothing that acts on a terminal",
  run: (batch) => batch.tryInputs(RUNS, run, play),
};

async function play(run: Run): Promise<void> {
  const clock = new FakeClock();
  const server = new HostileServer(run.manners);
  const random = new Random(run.seed);
  const files = new MemoryFiles();
  files.files.set("file", random.bytes(1_000));
  const client = new TestChat({
    ...{ user: "ann", engine: server.engine, pin: MemoryEngine.pin, host: "memory", port: 1 },
    ...{ clock, random: (length) => random.bytes(length), files: { store: files } },
  });
  const lines: Promise<void>[] = [];
  for (const [at, step] of run.steps.entries()) {
    const answers = run.answers[at % run.answers.length];
    assert.ok(answers);
    await take(step, { client, clock, server, answers, lines });
  }
  await goOn(client, clock, server);
  await leave(client, clock);
  await Promise.all(lines);
  server.check();
  assert.equal(clock.waiting, 0, "no timer is left");
  assert.notEqual(client.all("closed").at(-1)?.code, "failed", "the client has not failed");
  checkLines(client.events);
}

interface Scene {
  readonly client: TestChat;
  readonly clock: FakeClock;
  readonly server: HostileServer;
  readonly answers: Frames;
  /** What was typed, until it is carried out. */
  readonly lines: Promise<void>[];
}

async function take(step: Step, { client, clock, server, answers, lines }: Scene): Promise<void> {
  switch (step.type) {
    case "frame":
      server.send(step.body);
      break;
    case "answer":
      server.answer(answers, step.as);
      break;
    case "line":
      lines.push(client.chat.type(step.line));
      break;
    case "wait":
      await clock.pass(step.ms);
      break;
    case "cut":
      server.engine.cut();
  }
  await settle(1);
}

/** With an honest server the client shows what comes, unless it has ended before. */
async function goOn(client: TestChat, clock: FakeClock, server: HostileServer): Promise<void> {
  server.isHonest = true;
  server.engine.cut();
  const hasEnded = () => client.all("closed").length > 0;
  const before = client.all("connected").length;
  for (let ms = 0; ms < REDIALLED && !hasEnded(); ms += 1_000) {
    await clock.pass(1_000);
    if (client.all("connected").length > before) break;
  }
  if (hasEnded()) return;
  await settle(10);
  server.sendFrames({
    ...{ type: "message", conversation: FRESH, seq: 1, ulid: ulidOf(77), from: "bob", at: 0 },
    content: { kind: "text", body: "still here" },
  });
  await clock.pass(1_000);
  assert.ok(
    client.texts.includes("still here"),
    `the client hangs: ${JSON.stringify(client.events.slice(-5))}`,
  );
}

/** The client leaves; each of its events is one that the schema has. */
async function leave(client: TestChat, clock: FakeClock): Promise<void> {
  const left = Promise.allSettled([client[Symbol.asyncDispose]()]);
  await settle();
  await clock.pass(LEFT);
  for (const result of await left) if (result.status === "rejected") throw result.reason;
}

/** What people see of the events, in lines that act on no terminal. */
function checkLines(events: readonly ChatEvent[]): void {
  const view = new PlainView({ echoed: false, now: () => 0, columns: () => 60 });
  for (const line of events.flatMap((event) => view.show(event))) {
    assert.equal(line, safeText(line), "a line acts on the terminal");
  }
}
