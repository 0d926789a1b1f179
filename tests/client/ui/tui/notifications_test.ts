import assert from "node:assert/strict";
import type { EventOf, IncomingEvent } from "../../../../client/events.ts";
import { INITIAL, type State } from "../../../../client/ui/state.ts";
import {
  BELL,
  desktopNotification,
  Notifications,
  type TerminalKind,
} from "../../../../client/ui/tui/notifications.ts";
import { messageEvent } from "../../../helpers/message_event.ts";

const NOW = Date.parse("2026-11-21T14:30:00Z");
const STATE: State = { ...INITIAL, user: "ann" };
const PLAIN: TerminalKind = { term: "xterm-256color", program: "" };

function said(fields: Partial<EventOf<"message">> = {}): IncomingEvent {
  return messageEvent({ at: new Date(NOW).toISOString(), ...fields });
}

Deno.test("Notifications calls for what is private, and for one's own name", () => {
  const notify = (event: IncomingEvent) => new Notifications(PLAIN, () => NOW).notify(event, STATE);
  assert.equal(notify(said()), "");
  assert.equal(notify(said({ text: "ann?" })), BELL);
  assert.equal(notify(said({ conversation: "dm:ann:bob" })), BELL);
  assert.equal(notify(said({ conversation: "dm:ann:bob", from: "ann" })), "");
});

Deno.test("Notifications takes no name for an expression: it is the server's word who one is", () => {
  for (const user of ["(", "a|", "(a+)+$", ".*"]) {
    const notifications = new Notifications(PLAIN, () => NOW);
    assert.equal(
      notifications.notify(said({ text: `${"a".repeat(40)}!` }), { ...STATE, user }),
      "",
    );
  }
});

Deno.test("Notifications does not call for what is old, nor again and again, nor in dnd", () => {
  let now = NOW;
  const notifications = new Notifications(PLAIN, () => now);
  const call = said({ text: "ann" });
  assert.equal(
    notifications.notify(said({ text: "ann", at: "2026-11-21T10:00:00.000Z" }), STATE),
    "",
  );
  assert.equal(notifications.notify(call, STATE), BELL);
  assert.equal(notifications.notify(call, STATE), "");
  now += 2000;
  const people = new Map([["ann", { number: 1, status: "dnd" }]]);
  assert.equal(notifications.notify(call, { ...STATE, people }), "");
  assert.equal(notifications.notify(call, STATE), BELL);
});

Deno.test("Notifications counts what came while the window had no focus, until a key is pressed", () => {
  const notifications = new Notifications(PLAIN, () => NOW);
  notifications.notify(said(), STATE);
  assert.equal(notifications.missed, undefined);
  notifications.setFocus(false);
  notifications.notify(said(), STATE);
  notifications.notify(said({ from: "ann" }), STATE);
  notifications.notify(said(), STATE);
  notifications.setFocus(true);
  assert.deepEqual(notifications.missed, { count: 2, since: NOW });
  notifications.clearMissed();
  assert.equal(notifications.missed, undefined);
});

Deno.test("desktopNotification is for terminals that have it, and carries nothing that ends it", () => {
  const kind = (term: string, program = "") =>
    desktopNotification({ term, program }, "b;ob", "a\u0007;b");
  assert.equal(kind("xterm"), "");
  assert.equal(kind("xterm-256color", "iTerm.app"), "\u001b]9;b,ob: a␇,b\u0007");
  // What TERM tells goes over SSH too.
  assert.equal(kind("xterm-kitty"), "\u001b]9;b,ob: a␇,b\u0007");
  assert.equal(kind("foot"), "\u001b]777;notify;b,ob;a␇,b\u0007");
});
