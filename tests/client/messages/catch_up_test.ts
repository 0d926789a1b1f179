import assert from "node:assert/strict";
import { CatchUp, type CatchUpOutput, type Page } from "../../../client/messages/catch_up.ts";
import { SendQueue } from "../../../client/messages/send_queue.ts";
import type { Message } from "../../../protocol/frame.ts";

const NO_EVENTS = { put: () => {} };

Deno.test("CatchUp asks for a list when it meets a conversation in its middle", () => {
  const catchUp = new CatchUp(new SendQueue(NO_EVENTS));
  catchUp.listed([], false);
  const content = { kind: "text", body: "" };
  const ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  const message: Message = {
    type: "message",
    conversation: "room:tech",
    seq: 7,
    ulid,
    from: "bob",
    at: 0,
    content,
  };
  assert.deepEqual(catchUp.arrived(message), []);
  assert.ok(catchUp.needsList);
  const caught = catchUp.listed([{ conversation: "room:tech", seq: 7, mark: 6, unread: 1 }], false);
  assert.deepEqual(caught[0], { type: "message", message });
  assert.ok(!catchUp.needsList);
});

const TECH = "room:tech";

/** A message from another account. */
function messageOf(seq: number, conversation = TECH): Message {
  const content = { kind: "text", body: `${seq}` };
  const ulid = `01JCXYZ00000000000000000${String(seq).padStart(2, "0")}`;
  return { type: "message", conversation, seq, ulid, from: "bob", at: seq, content };
}

function stateOf(seq: number, mark: number, conversation = TECH) {
  return { conversation, seq, mark, unread: 0 };
}

/** The outputs, in short. */
function inShort(caught: readonly CatchUpOutput[]): string[] {
  return caught.map((one) =>
    one.type === "cursor" ? `up to ${one.seq}` : `${one.type} ${seqOf(one)}`
  );
}

function seqOf(caught: Exclude<CatchUpOutput, { type: "cursor" }>): number {
  return caught.type === "message" ? caught.message.seq : caught.seq;
}

/** The next page, which there MUST be. */
function nextOf(catchUp: CatchUp): Page {
  return catchUp.next() ?? assert.fail("There is no next page");
}

/** For an account that is in no conversation yet, by the server's list. */
function newcomer(): CatchUp {
  const catchUp = new CatchUp(new SendQueue(NO_EVENTS, { messages: 4, inFlight: 4 }));
  catchUp.listed([], false);
  return catchUp;
}

Deno.test("CatchUp.follow begins a conversation where its mark is, and fetches what follows", () => {
  const catchUp = newcomer();
  assert.deepEqual(inShort(catchUp.follow(stateOf(5, 3))), ["up to 3"]);
  assert.equal(catchUp.complete, false);
  const page = nextOf(catchUp);
  assert.deepEqual(page, { conversation: TECH, after: 3 });
  assert.equal(catchUp.next(), undefined);
  assert.deepEqual(inShort(catchUp.fetched(page, messageOf(4))), ["message 4", "up to 4"]);
  assert.deepEqual(inShort(catchUp.fetched(page, messageOf(5))), ["message 5", "up to 5"]);
  catchUp.fetchEnded(page, false);
  assert.equal(catchUp.complete, true);
});

Deno.test("CatchUp.follow takes what came before it in order", () => {
  const catchUp = newcomer();
  assert.deepEqual(inShort(catchUp.arrived(messageOf(5))), []);
  assert.equal(catchUp.needsList, true);
  assert.deepEqual(inShort(catchUp.follow(stateOf(5, 4))), ["message 5", "up to 5"]);
  assert.equal(catchUp.complete, true);
});

Deno.test("CatchUp.follow of what is known goes on where it was, whatever the mark says", () => {
  const catchUp = newcomer();
  catchUp.follow(stateOf(2, 2));
  catchUp.arrived(messageOf(3));
  assert.deepEqual(inShort(catchUp.follow(stateOf(5, 0))), ["up to 3"]);
  assert.deepEqual(catchUp.next(), { conversation: TECH, after: 3 });
});

Deno.test("CatchUp.forget drops a conversation, and makes the page on its way void", () => {
  const catchUp = newcomer();
  catchUp.follow(stateOf(5, 0));
  catchUp.follow(stateOf(2, 1, "room:tea"));
  const page = nextOf(catchUp);
  assert.deepEqual(page, { conversation: TECH, after: 0 });
  catchUp.forget(TECH);
  assert.equal(catchUp.isVoid(page), true);
  assert.deepEqual(inShort(catchUp.fetched(page, messageOf(1))), []);
  assert.deepEqual(inShort(catchUp.fetchEnded(page, true)), []);
  // Nothing else is forgotten, and the page that ended makes room for the next.
  const tea = nextOf(catchUp);
  assert.deepEqual(tea, { conversation: "room:tea", after: 1 });
  assert.equal(catchUp.next(), undefined);
  catchUp.fetched(tea, messageOf(2, "room:tea"));
  catchUp.fetchEnded(tea, false);
  assert.equal(catchUp.complete, true);
  // Coming into it again begins anew.
  assert.deepEqual(inShort(catchUp.follow(stateOf(7, 7))), ["up to 7"]);
  assert.deepEqual(inShort(catchUp.arrived(messageOf(8))), ["message 8", "up to 8"]);
});

Deno.test("CatchUp.forget of a conversation whose page then fails leaves room for others", () => {
  const catchUp = newcomer();
  for (let round = 0; round < 10; round++) {
    catchUp.follow(stateOf(5, 0));
    const page = nextOf(catchUp);
    assert.deepEqual(page, { conversation: TECH, after: 0 }, `round ${round}`);
    catchUp.forget(TECH);
    catchUp.fetchFailed(page);
  }
});

Deno.test("CatchUp keeps a page from before a conversation was left out of the one after it", () => {
  const catchUp = newcomer();
  catchUp.follow(stateOf(9, 0));
  const before = nextOf(catchUp);
  catchUp.forget(TECH);
  catchUp.follow(stateOf(5, 2));
  const after = nextOf(catchUp);
  assert.deepEqual(after, { conversation: TECH, after: 2 });
  assert.deepEqual(catchUp.fetched(before, messageOf(5)), []);
  assert.deepEqual(catchUp.fetchEnded(before, false), []);
  assert.equal(catchUp.complete, false, "3 to 5 are missing");
  catchUp.fetchFailed(after);
  assert.deepEqual(catchUp.next(), { conversation: TECH, after: 2 });
});

Deno.test("CatchUp.fetched takes no message of another conversation", () => {
  const catchUp = newcomer();
  catchUp.follow(stateOf(5, 0));
  const page = nextOf(catchUp);
  assert.deepEqual(catchUp.fetched(page, messageOf(1, "room:tea")), []);
});

Deno.test("CatchUp.restart makes the parts of an unfinished list void", () => {
  const catchUp = newcomer();
  catchUp.follow(stateOf(5, 5));
  catchUp.listed([stateOf(5, 5)], true);
  catchUp.restart();
  catchUp.listed([stateOf(1, 1, "room:tea")], false);
  // The conversation was in the void part alone: the account is not in it any more.
  assert.deepEqual(inShort(catchUp.arrived(messageOf(6))), []);
  assert.equal(catchUp.needsList, true);
});

Deno.test("CatchUp.fetchWithheld waits for nothing, until the server lists the conversation again", () => {
  const catchUp = newcomer();
  const dm = "dm:ann:bob";
  catchUp.follow(stateOf(3, 1, dm));
  const page = nextOf(catchUp);
  assert.deepEqual(page, { conversation: dm, after: 1 });
  assert.deepEqual(inShort(catchUp.fetched(page, messageOf(2, dm))), ["message 2", "up to 2"]);
  catchUp.fetchWithheld(page);
  assert.equal(catchUp.complete, true);
  assert.equal(catchUp.next(), undefined);
  assert.deepEqual(inShort(catchUp.follow(stateOf(3, 1, dm))), ["up to 2"]);
  assert.deepEqual(catchUp.next(), { conversation: dm, after: 2 });
});

Deno.test("CatchUp.fetchWithheld counts for less than a list that came meanwhile", () => {
  const catchUp = newcomer();
  const dm = "dm:ann:bob";
  catchUp.follow(stateOf(3, 1, dm));
  const page = nextOf(catchUp);
  catchUp.follow(stateOf(3, 1, dm));
  catchUp.fetchWithheld(page);
  assert.equal(catchUp.complete, false);
  assert.deepEqual(catchUp.next(), { conversation: dm, after: 1 });
});

Deno.test("CatchUp.next fetches three pages at once, and the next when one has ended", () => {
  const catchUp = newcomer();
  const rooms = ["room:a", "room:b", "room:c", "room:d"];
  for (const room of rooms) catchUp.follow(stateOf(1, 0, room));
  const pages = [nextOf(catchUp), nextOf(catchUp), nextOf(catchUp)] as const;
  assert.deepEqual(pages.map((page) => page.conversation), rooms.slice(0, 3));
  assert.equal(catchUp.next(), undefined);
  catchUp.fetchWithheld(pages[1]);
  assert.equal(catchUp.next()?.conversation, "room:d");
});

Deno.test("CatchUp holds a bounded number of messages, in all conversations together", () => {
  const catchUp = newcomer();
  const rooms = Array.from({ length: 20 }, (_, number) => `room:r${number}`);
  for (const room of rooms) {
    catchUp.follow(stateOf(1, 0, room));
    for (let seq = 2; seq <= 101; seq++) catchUp.arrived(messageOf(seq, room));
  }
  // Of the first ten rooms everything is held: it needs the first message alone.
  const shown = (room: string) => {
    const page = nextOf(catchUp);
    assert.equal(page.conversation, room);
    const outputs = catchUp.fetched(page, messageOf(1, room));
    catchUp.fetchEnded(page, true);
    return outputs.filter(({ type }) => type === "message").length;
  };
  assert.equal(shown("room:r0"), 101);
  // It made room for others.
  for (let seq = 102; seq <= 201; seq++) catchUp.arrived(messageOf(seq, "room:r19"));
  catchUp.forget("room:r1");
  for (const room of rooms.slice(2, 10)) assert.equal(shown(room), 101);
  assert.ok(shown("room:r10") < 101);
});
