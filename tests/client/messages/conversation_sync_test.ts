import assert from "node:assert/strict";
import { ConversationSync } from "../../../client/messages/conversation_sync.ts";
import type { Message } from "../../../protocol/frame.ts";

function message(seq: number): Message {
  const ulid = `01ARZ3NDEKTSV4RRFFQ69G${String(seq).padStart(4, "0")}`;
  const content = { kind: "text", body: String(seq) };
  return { type: "message", conversation: "room:general", seq, ulid, from: "bob", at: 0, content };
}

function seqs(messages: readonly Message[]): number[] {
  return messages.map(({ seq }) => seq);
}

Deno.test("Sync shows what comes in order at once, and repetitions never", () => {
  const sync = new ConversationSync();
  sync.begin(2);
  assert.deepEqual(seqs(sync.arrived(3, message(3))), [3]);
  assert.deepEqual(seqs(sync.arrived(3, message(3))), []);
  assert.deepEqual(seqs(sync.arrived(2, message(2))), []);
  assert.equal(sync.cursor, 3);
  assert.ok(sync.complete);
  assert.equal(sync.next(), undefined);
});

Deno.test("Sync holds what comes before it is known where to begin", () => {
  const sync = new ConversationSync();
  assert.deepEqual(sync.arrived(5, message(5)), []);
  assert.equal(sync.next(), undefined);
  assert.deepEqual(seqs(sync.begin(4)), [5]);
});

Deno.test("Sync does not show what was marked as seen before it began", () => {
  const sync = new ConversationSync();
  sync.arrived(4, message(4));
  sync.arrived(5, message(5));
  assert.deepEqual(seqs(sync.begin(4)), [5]);
});

Deno.test("Sync fetches a gap once, and shows what it held after it", () => {
  const sync = new ConversationSync();
  sync.begin(1);
  assert.deepEqual(sync.arrived(4, message(4)), []);
  assert.deepEqual(sync.next(), { after: 1 });
  assert.equal(sync.next(), undefined);
  assert.deepEqual(seqs(sync.fetched(2, message(2))), [2]);
  assert.deepEqual(seqs(sync.fetched(3, message(3))), [3, 4]);
  assert.deepEqual(sync.fetchEnded(false), []);
  assert.ok(sync.complete);
});

Deno.test("Sync asks for page after page", () => {
  const sync = new ConversationSync();
  sync.begin(0);
  sync.listed(3);
  assert.deepEqual(sync.next(), { after: 0 });
  sync.fetched(1, message(1));
  sync.fetchEnded(true);
  assert.deepEqual(sync.next(), { after: 1 });
});

Deno.test("Sync asks again from where a page broke off", () => {
  const sync = new ConversationSync();
  sync.begin(0);
  sync.listed(3);
  sync.next();
  sync.fetched(1, message(1));
  sync.fetchFailed();
  assert.deepEqual(sync.next(), { after: 1 });
});

Deno.test("Sync counts one's own acknowledgements without showing them", () => {
  const sync = new ConversationSync();
  sync.begin(0);
  assert.deepEqual(sync.arrived(2), []);
  assert.deepEqual(sync.next(), { after: 0 });
  assert.deepEqual(seqs(sync.fetched(1, message(1))), [1]);
  assert.deepEqual(sync.fetched(2, message(2)), [], "its acknowledgement came before");
  assert.equal(sync.cursor, 2);
});

Deno.test("Sync does not wait for what a page says is gone", () => {
  const sync = new ConversationSync();
  sync.begin(0);
  sync.listed(9);
  sync.next();
  assert.deepEqual(seqs(sync.fetched(4, message(4))), [4]);
  assert.deepEqual(sync.fetchEnded(false), []);
  assert.equal(sync.cursor, 9);
});

Deno.test("Sync does not ask for ever when pages are empty and promise more", () => {
  const sync = new ConversationSync();
  sync.begin(0);
  sync.listed(9);
  sync.next();
  sync.fetchEnded(true);
  assert.equal(sync.next(), undefined);
});

Deno.test("Sync takes a page for progress whose messages had all come meanwhile", () => {
  const sync = new ConversationSync();
  sync.begin(0);
  sync.listed(2);
  sync.next();
  sync.arrived(1, message(1));
  sync.fetched(1, message(1));
  sync.fetchEnded(true);
  assert.deepEqual(sync.next(), { after: 1 });
});

Deno.test("Sync holds a bounded number, and fetches what it had no room for", () => {
  const sync = new ConversationSync();
  sync.begin(0);
  const all = 3000;
  for (let seq = 2; seq <= all; seq++) sync.arrived(seq, message(seq));
  const shown: number[] = [];
  for (let round = 0; round < 20 && !sync.complete; round++) {
    const page = sync.next();
    assert.ok(page);
    const last = Math.min(all, page.after + 500);
    for (let seq = page.after + 1; seq <= last; seq++) {
      shown.push(...seqs(sync.fetched(seq, message(seq))));
    }
    shown.push(...seqs(sync.fetchEnded(last < all)));
  }
  assert.deepEqual(shown, Array.from({ length: all }, (_, index) => index + 1));
});

Deno.test("Sync says when so many acknowledgements wait that sending should wait too", () => {
  const sync = new ConversationSync();
  sync.begin(0);
  for (let seq = 2; !sync.full; seq++) {
    assert.ok(seq < 10_000);
    sync.arrived(seq);
  }
  sync.next();
  sync.fetched(1, message(1));
  assert.ok(!sync.full);
});
