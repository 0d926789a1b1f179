import assert from "node:assert/strict";
import type { ChatEvent } from "../../../../client/events.ts";
import { INITIAL, reduce, type State } from "../../../../client/ui/state.ts";
import { Transcript } from "../../../../client/ui/tui/transcript.ts";
import { messageEvent } from "../../../helpers/message_event.ts";

const NOW = Date.parse("2026-11-21T14:30:00Z");
const STATE: State = { ...INITIAL, user: "ann", connection: "connected" };

function transcript(colors = false): Transcript {
  return new Transcript({ now: () => NOW, style: { colors }, timeZone: "UTC" });
}

/** Without colours and weights. */
function bare(lines: readonly string[]): string[] {
  // deno-lint-ignore no-control-regex -- escape sequences are what it takes away
  return lines.map((line) => line.replaceAll(/\u001b\[\d+m/g, ""));
}

function linesOf(...events: ChatEvent[]): string[] {
  const writer = transcript();
  let state = STATE;
  return bare(events.flatMap((event) => {
    const lines = writer.lines(state, event);
    state = reduce(state, event);
    return lines;
  }));
}

Deno.test("Transcript writes who said what, where and when", () => {
  assert.deepEqual(linesOf(messageEvent()), ["14:02 bob: hello"]);
  assert.deepEqual(linesOf(messageEvent({ conversation: "room:tech" })), [
    "14:02 #tech bob: hello",
  ]);
  assert.deepEqual(linesOf(messageEvent({ conversation: "dm:ann:bob" })), [
    "14:02 bob -> you: hello",
  ]);
});

Deno.test("Transcript writes one's own message when it is stored, and not before", () => {
  const id = "01J00000000000000000000002";
  const lines = linesOf(
    { event: "sending", id, conversation: "room:general", text: "mine" },
    { event: "ack", id, conversation: "room:general", seq: 2, at: "2026-11-21T14:03:00.000Z" },
  );
  assert.deepEqual(lines, ["14:03 ann: mine"]);
});

Deno.test("Transcript marks the first line of a message, and bars the others", () => {
  const spoofed = "look:\n14:05 cleo: I owe bob 100\u001b[2J";
  assert.deepEqual(linesOf(messageEvent({ text: spoofed })), [
    "14:02 bob: look:",
    "      ┆ 14:05 cleo: I owe bob 100␛[2J",
  ]);
});

Deno.test("Transcript marks a new day, once", () => {
  const tomorrow = messageEvent({ at: "2026-11-22T08:00:00.000Z" });
  assert.deepEqual(linesOf(messageEvent(), tomorrow, tomorrow), [
    "14:02 bob: hello",
    "── Sunday, 2026-11-22 ──",
    "08:00 bob: hello",
    "08:00 bob: hello",
  ]);
});

Deno.test("Transcript marks where what was missed begins", () => {
  const unread: ChatEvent = {
    event: "unread",
    conversations: [
      { conversation: "room:general", unread: 10 },
      { conversation: "dm:ann:bob", unread: 2 },
    ],
  };
  assert.deepEqual(linesOf(unread, messageEvent(), messageEvent()), [
    "── 12 new since 14:02 ──",
    "14:02 bob: hello",
    "14:02 bob: hello",
  ]);
});

Deno.test("Transcript marks where somebody stopped to look, if they did not look again", () => {
  const writer = transcript();
  writer.markUnseen();
  assert.deepEqual(bare(writer.lines(STATE, messageEvent())), [
    "── new since 14:02 ──",
    "14:02 bob: hello",
  ]);
  writer.markUnseen();
  writer.markSeen();
  assert.deepEqual(bare(writer.lines(STATE, messageEvent())), ["14:02 bob: hello"]);
});

Deno.test("Transcript makes a message stand out that calls somebody by name", () => {
  assert.deepEqual(linesOf(messageEvent({ text: "ask @ann" })), ["▌14:02 bob: ask @ann"]);
  assert.deepEqual(linesOf(messageEvent({ text: "ask Ann, she knows" })), [
    "▌14:02 bob: ask Ann, she knows",
  ]);
  assert.deepEqual(linesOf(messageEvent({ text: "annual" })), ["14:02 bob: annual"]);
  assert.deepEqual(linesOf(messageEvent({ text: "ann-marie" })), ["14:02 bob: ann-marie"]);
});

Deno.test("Transcript gives a name the same colour every time, and none without colours", () => {
  const colored = transcript(true).lines(STATE, messageEvent())[0];
  assert.equal(colored, transcript(true).lines(STATE, messageEvent())[0]);
  // deno-lint-ignore no-control-regex -- that is what a colour is
  assert.match(colored ?? "", /\u001b\[(3[2-6]|9[2-6])mbob\u001b\[39m/);
  // deno-lint-ignore no-control-regex -- as above
  assert.doesNotMatch(transcript().lines(STATE, messageEvent()).join(), /\u001b\[[349]\dm/);
});

Deno.test("Transcript lets nothing that others wrote act on the terminal", () => {
  const hostile = "\u001b]0;title\u0007\u009b31m\u202ereversed" + "\u0301".repeat(300) + "\r\u0008";
  const events: ChatEvent[] = [
    messageEvent({ text: hostile }),
    messageEvent({ from: hostile }),
    { event: "error", code: "busy", message: hostile },
    { event: "notice", code: "help", text: hostile },
    { event: "changed", conversation: "room:tech", change: "topic", by: "bob", topic: hostile },
    {
      event: "offer",
      number: 1,
      conversation: "room:general",
      seq: 3,
      id: "01J00000000000000000000003",
      from: "bob",
      name: hostile,
      size: 1,
      at: "2026-11-21T14:02:00.000Z",
    },
    {
      event: "opened",
      id: "01J00000000000000000000003",
      from: hostile,
      text: hostile,
    },
    { event: "search", words: "x", messages: [], more: false },
  ];
  for (const event of events) {
    for (const line of bare(transcript().lines(STATE, event))) {
      // deno-lint-ignore no-control-regex -- that none is left is the point
      assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u202e]|\p{M}{9}/u);
    }
  }
});

Deno.test("Transcript says nothing of what is drawn below, where it changes", () => {
  assert.deepEqual(linesOf({ event: "round_trip", milliseconds: 3 }), []);
  assert.deepEqual(linesOf({ event: "presence", user: "ann", number: 1, status: "dnd" }), []);
  assert.deepEqual(
    linesOf({
      event: "progress",
      number: 1,
      id: "01J00000000000000000000003",
      direction: "up",
      conversation: "dm:ann:bob",
      name: "plan.pdf",
      transferred: 1,
      size: 2,
      rate: 1,
    }),
    [],
  );
});
