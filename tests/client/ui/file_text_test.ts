import assert from "node:assert/strict";
import type { ChatEvent, ProgressEvent } from "../../../client/events.ts";
import { INITIAL, reduce, type State } from "../../../client/ui/state.ts";
import { durationText, filesTexts, progressText } from "../../../client/ui/file_text.ts";
import { PlainView } from "../../../client/ui/plain.ts";

const START = Date.UTC(2026, 10, 20, 14, 2);
const AT = new Date(START).toISOString();
const ANN: ChatEvent = { event: "authenticated", user: "ann", number: 1, created: false };
const STATE: State = reduce(INITIAL, ANN);
const OFFER = {
  number: 3,
  conversation: "dm:ann:bob",
  seq: 1,
  id: "A",
  from: "bob",
  name: "pl\u202ean.pdf",
  size: 1_300_000,
  at: AT,
} as const;
const PROGRESS: ProgressEvent = {
  event: "progress",
  number: 4,
  id: "B",
  direction: "up",
  conversation: "room:tech",
  name: "plan.pdf",
  transferred: 0,
  size: 100 * 1024 ** 2,
  rate: 0,
};

/** A view whose clock the test sets. */
function viewAt(clock: { now: number }, echoed = true): PlainView {
  return new PlainView({ now: () => clock.now, echoed, timeZone: "UTC" }, STATE);
}

Deno.test("PlainView offers a file on its sender's line, with a name that does nothing", () => {
  const view = viewAt({ now: START });
  assert.deepEqual(view.show({ event: "offer", ...OFFER }), [
    "14:02 bob -> you: [file pl\\u{202e}an.pdf, 1.2 MiB; /accept 3]",
  ]);
  const { number, name, size, conversation, seq, id, from, at } = OFFER;
  const past = { conversation, seq, id, from, at, number, name, size };
  const [line] = view.show({ event: "history", conversation, messages: [past], more: false });
  assert.equal(line, "14:02 bob -> you: [file pl\\u{202e}an.pdf, 1.2 MiB; /accept 3]");
});

Deno.test("PlainView tells of a file on its way now and then, and of its end", () => {
  const clock = { now: START };
  const view = viewAt(clock);
  const lines: string[] = [];
  const show = (event: ChatEvent) => lines.push(...view.show(event));
  show(PROGRESS);
  for (let second = 1; second <= 25; second++) {
    clock.now = START + second * 1000;
    const transferred = second * 4 * 1024 ** 2;
    show({ ...PROGRESS, transferred, rate: 4 * 1024 ** 2, remaining: 25 - second });
  }
  const { number, id, direction, conversation, name, size } = PROGRESS;
  show({ event: "file", number, id, direction, conversation, name, size });
  show({ event: "sending", id, conversation, name, size });
  show({ event: "ack", id, conversation, seq: 1, at: AT });
  assert.deepEqual(lines, [
    "14:02 * sending plan.pdf (100.0 MiB) to #tech",
    "14:02 * plan.pdf: 40 %, 4.0 MiB/s, 15 s left",
    "14:02 * plan.pdf: 80 %, 4.0 MiB/s, 5 s left",
    "14:02 [plan.pdf sent to #tech]",
  ]);
});

Deno.test("PlainView says from where a file goes on, and where it was written", () => {
  const view = viewAt({ now: START });
  const down = { ...PROGRESS, direction: "down", conversation: "dm:ann:bob" } as const;
  assert.deepEqual(view.show({ ...down, transferred: 2048 }), [
    "14:02 * receiving plan.pdf (100.0 MiB), resuming at 2.0 KiB",
  ]);
  const { number, id, direction, conversation, name, size } = down;
  const file = { event: "file", number, id, direction, conversation, name, size } as const;
  assert.deepEqual(view.show({ ...file, path: "/home/ann/plan.pdf" }), [
    "14:02 * received plan.pdf: /home/ann/plan.pdf",
  ]);
});

Deno.test("PlainView begins anew with a file that failed and is sent again", () => {
  const view = viewAt({ now: START });
  view.show(PROGRESS);
  const failed = {
    event: "error",
    code: "stopped",
    id: "B",
    message: "It is not across.",
  } as const;
  assert.deepEqual(view.show(failed), ["14:02 ! It is not across."]);
  assert.equal(view.show(PROGRESS).length, 1);
});

Deno.test("filesTexts lists what is offered and what is on its way", () => {
  const inRoom = { ...OFFER, number: 5, conversation: "room:tech", name: "a" };
  const transfer = { ...PROGRESS, transferred: 50 * 1024 ** 2, rate: 1024 ** 2, remaining: 50 };
  assert.deepEqual(
    filesTexts(STATE, { event: "files", offers: [OFFER, inRoom], transfers: [transfer] }),
    [
      "[file pl\\u{202e}an.pdf, 1.2 MiB; /accept 3] from bob",
      "[file a, 1.2 MiB; /accept 5] from bob in #tech",
      "4: sending plan.pdf: 50 %, 1.0 MiB/s, 50 s left; /cancel 4",
    ],
  );
  assert.deepEqual(filesTexts(STATE, { event: "files", offers: [], transfers: [] }), ["no files"]);
});

Deno.test("progressText and durationText round for reading", () => {
  assert.equal(progressText({ ...PROGRESS, size: 0 }), "plan.pdf: 100 %, 0 B/s");
  assert.deepEqual([0, 59.2, 61, 3600, 7500].map(durationText), [
    ...["0 s", "1 min 0 s", "1 min 1 s", "1 h 0 min", "2 h 5 min"],
  ]);
});
