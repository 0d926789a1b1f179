import { counter } from "../../../client/messages/ids.ts";
import assert from "node:assert/strict";
import { SealedMessages, sealText } from "../../../client/messages/sealed_messages.ts";
import type { Message } from "../../../protocol/frame.ts";

const ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

function message(body: string | Uint8Array, changes: Partial<Message> = {}): Message {
  return {
    type: "message",
    conversation: "dm:ann:bob",
    seq: 1,
    ulid: ULID,
    from: "ann",
    at: 0,
    content: { kind: "sealed", body },
    ...changes,
  };
}

Deno.test("SealedMessages opens with the right key, and tells a wrong one from damage", async () => {
  const sealed = new SealedMessages("bob", counter());
  const sealing = { text: "the plan", passphrase: "k3y", from: "ann", to: "bob", ulid: ULID };
  const envelope = await sealText(sealing, random);
  const kept = sealed.keep(message(envelope)) ?? assert.fail();
  const opened = await sealed.open(kept, "k3y");
  assert.ok(opened.type === "opened" && opened.text === "the plan");
  const wrong = await sealed.open(kept, "K3Y");
  assert.ok(wrong.type === "failed" && wrong.code === "wrong_passphrase");
  const flipped = envelope.slice();
  flipped[70] = (flipped[70] ?? 0) ^ 1;
  const damaged = await sealed.open(sealed.keep(message(flipped)) ?? assert.fail(), "k3y");
  assert.ok(damaged.type === "failed" && damaged.code === "damaged");
});

Deno.test("SealedMessages finds by number, by ULID, and the newest", () => {
  const sealed = new SealedMessages("bob", counter());
  const one = sealed.keep(message(new Uint8Array(1)));
  const two = sealed.keep(message(new Uint8Array(1), { ulid: ULID.replace("V", "W") }));
  assert.equal(sealed.find("1"), one);
  assert.equal(sealed.find(ULID), one);
  assert.equal(sealed.find(), two);
  assert.equal(sealed.find("3"), undefined);
});

Deno.test("SealedMessages keeps a bounded number, and counts on", () => {
  const sealed = new SealedMessages("bob", counter(), 2);
  for (let count = 0; count < 3; count++) sealed.keep(message(new Uint8Array(1)));
  assert.equal(sealed.find("1"), undefined);
  assert.equal(sealed.find()?.number, 3);
});

Deno.test("SealedMessages names the recipient of what one sent from another device", () => {
  const sealed = new SealedMessages("ann", counter());
  assert.equal(sealed.keep(message(new Uint8Array(1)))?.to, "bob");
});

Deno.test("SealedMessages does not keep what is no envelope", () => {
  const sealed = new SealedMessages("bob", counter());
  assert.equal(sealed.keep(message("text")), undefined);
});
