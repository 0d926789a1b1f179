/** The interface for terminals, with keys that a test presses and an output that it reads. */
import assert from "node:assert/strict";
import type { ChatEvent } from "../../../../client/events.ts";
import { messageEvent } from "../../../helpers/message_event.ts";
import { CONNECTED, TestTui } from "../../../helpers/test_tui.ts";

const SIGNED_IN: ChatEvent = { event: "authenticated", user: "ann", number: 1, created: false };

/** When the clock begins. */
const NOW = 1_800_000_000_000;

function message(text: string): ChatEvent {
  return messageEvent({ text, at: new Date(NOW).toISOString() });
}

Deno.test("Tui asks for rooms and groups by itself, and shows only what a person asked for", async () => {
  using terminal = new TestTui();
  assert.deepEqual(terminal.typed, ["/rooms", "/groups"]);
  const rooms: ChatEvent = {
    event: "rooms",
    rooms: [{ conversation: "room:tech", people: 1, topic: "", member: false }],
  };
  assert.doesNotMatch(await terminal.show(SIGNED_IN, rooms), /#tech/);
  assert.match(await terminal.press("/join te\t"), /> \/join tech/);
  assert.match(await terminal.show(rooms), /#tech \(1 person\)/);
});

Deno.test("Tui hands on what is typed, and opens the newest sealed message on an empty line", async () => {
  using terminal = new TestTui();
  terminal.typed.length = 0;
  await terminal.press("hello\r\r");
  assert.deepEqual(terminal.typed, ["hello"]);
  const sealed: ChatEvent = {
    event: "sealed",
    number: 7,
    conversation: "dm:ann:bob",
    seq: 1,
    id: "01J00000000000000000000001",
    from: "bob",
    at: new Date().toISOString(),
  };
  await terminal.show(SIGNED_IN, sealed);
  await terminal.press("\r");
  assert.deepEqual(terminal.typed, ["hello", "/open 7"]);
});

Deno.test("Tui asks without drawing the answer, and gives the line back as it was", async () => {
  using terminal = new TestTui();
  await terminal.press("a draft");
  const key = terminal.tui.questions.askSecret("Key (not shown): ");
  const asked = await terminal.press("Tr0ub4dor");
  assert.match(asked, /Key \(not shown\)/);
  assert.doesNotMatch(asked, /Tr0ub|a draft/);
  assert.match(await terminal.press("\r"), /> a draft/);
  assert.equal(await key, "Tr0ub4dor");
});

Deno.test("Tui marks once where somebody stopped to look, and counts until a key is pressed", async () => {
  using terminal = new TestTui();
  await terminal.show(SIGNED_IN);
  await terminal.press("\u001b[O");
  const written = await terminal.show(message("one"), message("two"), message("three"));
  assert.equal(written.match(/new since \d\d:\d\d ──/g)?.length, 1);
  assert.match(written, /3 new since/);
  assert.match(await terminal.press("\u001b[I"), /3 new since/);
  assert.doesNotMatch(await terminal.press("x"), /new since/);
  assert.doesNotMatch(await terminal.show(message("four")), /new since/);
});

Deno.test("Tui rings for one's own name, and counts down to the next attempt", async () => {
  using terminal = new TestTui();
  await terminal.show(SIGNED_IN);
  const rung = await terminal.show(message("ann?"));
  assert.ok(rung.includes("\u0007"));
  const lost: ChatEvent = { event: "notice", code: "reconnecting", text: "Lost.", in: 3 };
  assert.match(await terminal.show(lost), /reconnecting in 3 s/);
  await terminal.clock.pass(1050);
  assert.match(terminal.take(), /reconnecting in 2 s/);
  assert.match(await terminal.show(CONNECTED), /quic/);
});

Deno.test("Tui leaves at Ctrl-C and at Ctrl-D on an empty line, and gives the terminal back", async () => {
  using terminal = new TestTui();
  await terminal.press("x\u0004");
  assert.equal(terminal.left, 0);
  await terminal.press("\u0015\u0004");
  await terminal.press("\u0003");
  assert.equal(terminal.left, 2);
  terminal.tui.close();
  assert.deepEqual(terminal.raw, [true, false]);
  assert.match(terminal.take(), /\[\?2004l/);
  assert.equal(terminal.tui.restoreSequence(), "");
});

Deno.test("Tui draws the QR code of an invitation where the window has room for it", async () => {
  using terminal = new TestTui();
  const line = `sotto://chat.example:4433/?pin=SHA256:${"A".repeat(43)}&code=${"b".repeat(16)}`;
  const invite: ChatEvent = { event: "invite", line, uses: 1, expires: "2027-01-01T00:00:00.000Z" };
  assert.match(await terminal.show(SIGNED_IN, invite), /█{35}/);
  terminal.output.columns = 40;
  const narrow = await terminal.show(invite);
  assert.match(narrow, /code=b{16}[^]*make the window wider/);
  assert.doesNotMatch(narrow, /█/);
});
