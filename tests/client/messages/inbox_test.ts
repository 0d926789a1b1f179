import assert from "node:assert/strict";
import type { ChatEvent } from "../../../client/events.ts";
import { counter } from "../../../client/messages/ids.ts";
import { Inbox } from "../../../client/messages/inbox.ts";
import { Offers } from "../../../client/messages/offers.ts";
import { SealedMessages } from "../../../client/messages/sealed_messages.ts";
import { encodeFileContent } from "../../../protocol/file_content.ts";
import type { Content, Message } from "../../../protocol/frame.ts";
import { faultsOf } from "../../helpers/event_schema.ts";
import { messageOf, ulidOf } from "../../helpers/messages.ts";

function setUp() {
  const events: ChatEvent[] = [];
  const inbox = new Inbox({
    account: "ann",
    events: { put: (event) => event !== undefined && void events.push(event) },
    sealed: new SealedMessages("ann", counter()),
    offers: new Offers(counter()),
  });
  return { inbox, events };
}

function message(content: Content, fields: Partial<Message> = {}): Message {
  return { type: "message", seq: 1, ...messageOf(1, { content, from: "bob" }), ...fields };
}

const NOTE = { file: ulidOf(1), name: "plan.pdf", size: 7, hash: new Uint8Array(32) };

Deno.test("Inbox turns each kind of message into its event", () => {
  const { inbox, events } = setUp();
  const conversation = "dm:ann:bob";
  inbox.show(message({ kind: "text", body: "hi" }));
  const offer = inbox.show(message({ kind: "file", body: encodeFileContent(NOTE) }));
  inbox.show(message({ kind: "sealed", body: new Uint8Array(3) }, { conversation }));
  assert.deepEqual(events.map(({ event }) => event), ["message", "offer", "sealed"]);
  assert.deepEqual(events.flatMap((event) => faultsOf(event)), []);
  assert.equal(offer?.event.name, "plan.pdf");
  const [text] = events;
  assert.ok(text?.event === "message");
  assert.deepEqual([text.text, text.from, text.seq, text.at], [
    ...["hi", "bob", 1, "2027-01-15T08:00:00.001Z"],
  ]);
});

Deno.test("Inbox says that it cannot show what it does not know, or what is not well formed", () => {
  const { inbox, events } = setUp();
  const contents: readonly Content[] = [
    { kind: "poll", body: "1" },
    { kind: "text", body: new Uint8Array(1) },
    { kind: "file", body: new Uint8Array(1) },
    { kind: "sealed", body: "open" },
  ];
  for (const content of contents) inbox.show(message(content));
  assert.deepEqual(
    events.map((event) => event.event === "notice" && event.code),
    contents.map(() => "unsupported"),
  );
});

Deno.test("Inbox remembers where the newest private message of another account stands", () => {
  const { inbox } = setUp();
  const content = { kind: "text", body: "hi" };
  assert.equal(inbox.newestPrivate, undefined);
  inbox.show(message(content));
  assert.equal(inbox.newestPrivate, undefined, "a room is not private");
  inbox.show(message(content, { conversation: "dm:ann:bob" }));
  inbox.show(message(content, { conversation: "dm:ann:cat", from: "ann" }));
  assert.equal(inbox.newestPrivate, "dm:ann:bob");
});
