import assert from "node:assert/strict";
import { INITIAL, type State } from "../../../../client/ui/state.ts";
import { Attention, type Heard } from "../../../../client/ui/tui/attention.ts";
import { BELL, notification, type TerminalKind } from "../../../../client/ui/tui/mention.ts";

const NOW = Date.parse("2026-11-21T14:30:00Z");
const STATE: State = { ...INITIAL, user: "ann" };
const PLAIN: TerminalKind = { term: "xterm-256color", program: "" };

function said(fields: Partial<Extract<Heard, { event: "message" }>> = {}): Heard {
  return {
    event: "message",
    conversation: "room:general",
    seq: 1,
    id: "01J00000000000000000000001",
    from: "bob",
    text: "hello",
    at: new Date(NOW).toISOString(),
    ...fields,
  };
}

Deno.test("Attention calls for what is private, and for one's own name", () => {
  const heard = (event: Heard) => new Attention(PLAIN, () => NOW).heard(event, STATE);
  assert.equal(heard(said()), "");
  assert.equal(heard(said({ text: "ann?" })), BELL);
  assert.equal(heard(said({ conversation: "dm:ann:bob" })), BELL);
  assert.equal(heard(said({ conversation: "dm:ann:bob", from: "ann" })), "");
});

Deno.test("Attention takes no name for an expression: it is the server's word who one is", () => {
  for (const user of ["(", "a|", "(a+)+$", ".*"]) {
    const attention = new Attention(PLAIN, () => NOW);
    assert.equal(attention.heard(said({ text: `${"a".repeat(40)}!` }), { ...STATE, user }), "");
  }
});

Deno.test("Attention does not call for what is old, nor again and again, nor in dnd", () => {
  let now = NOW;
  const attention = new Attention(PLAIN, () => now);
  const call = said({ text: "ann" });
  assert.equal(attention.heard(said({ text: "ann", at: "2026-11-21T10:00:00.000Z" }), STATE), "");
  assert.equal(attention.heard(call, STATE), BELL);
  assert.equal(attention.heard(call, STATE), "");
  now += 2000;
  const people = new Map([["ann", { number: 1, status: "dnd" }]]);
  assert.equal(attention.heard(call, { ...STATE, people }), "");
  assert.equal(attention.heard(call, STATE), BELL);
});

Deno.test("Attention counts what came while the window had no focus, until a key is pressed", () => {
  const attention = new Attention(PLAIN, () => NOW);
  attention.heard(said(), STATE);
  assert.equal(attention.missed, undefined);
  attention.focus(false);
  attention.heard(said(), STATE);
  attention.heard(said({ from: "ann" }), STATE);
  attention.heard(said(), STATE);
  attention.focus(true);
  assert.deepEqual(attention.missed, { count: 2, since: NOW });
  attention.pressed();
  assert.equal(attention.missed, undefined);
});

Deno.test("notification is for terminals that have it, and carries nothing that ends it", () => {
  const kind = (term: string, program = "") => notification({ term, program }, "b;ob", "a\u0007;b");
  assert.equal(kind("xterm"), "");
  assert.equal(kind("xterm-256color", "iTerm.app"), "\u001b]9;b,ob: a␇,b\u0007");
  // What TERM tells goes over SSH too.
  assert.equal(kind("xterm-kitty"), "\u001b]9;b,ob: a␇,b\u0007");
  assert.equal(kind("foot"), "\u001b]777;notify;b,ob;a␇,b\u0007");
});
