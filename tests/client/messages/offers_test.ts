import assert from "node:assert/strict";
import { Offers } from "../../../client/messages/offers.ts";
import { encodeFileContent } from "../../../protocol/file_content.ts";
import type { Message } from "../../../protocol/frame.ts";
import { counter } from "../../../client/messages/ids.ts";
import { messageOf, ulidOf } from "../../helpers/messages.ts";

function fileMessage(number: number, name = `file ${number}`): Message {
  const note = { file: ulidOf(number), name, size: number, hash: new Uint8Array(32) };
  const content = { kind: "file", body: encodeFileContent(note) };
  return { type: "message", seq: number, ...messageOf(number, { content }) };
}

Deno.test("Offers numbers files in order, and finds them by number or ID", () => {
  const offers = new Offers(counter());
  const one = offers.keep(fileMessage(7));
  const two = offers.keep(fileMessage(8));
  assert.deepEqual([one?.event.number, two?.event.number], [1, 2]);
  assert.deepEqual([one?.event.name, one?.event.size, one?.event.seq], ["file 7", 7, 7]);
  assert.equal(offers.keep(fileMessage(7)), one, "history shows the same one");
  assert.equal(offers.find("1"), one);
  assert.equal(offers.find(ulidOf(8)), two);
  if (two !== undefined) offers.forget(two);
  assert.deepEqual(offers.all, [one]);
  assert.equal(offers.find("2"), undefined);
});

Deno.test("Offers keeps messages of two senders apart, though they have the same ID", () => {
  const offers = new Offers(counter());
  const one = offers.keep(fileMessage(1));
  const other = offers.keep({ ...fileMessage(1, "evil"), from: "eve" });
  assert.notEqual(other, one);
  assert.equal(other?.event.from, "eve");
});

Deno.test("Offers forgets the oldest past its limit", () => {
  const offers = new Offers(counter(), 2);
  for (let number = 1; number <= 3; number++) offers.keep(fileMessage(number));
  assert.deepEqual(offers.all.map(({ event }) => event.number), [2, 3]);
});

Deno.test("Offers keeps nothing that does not describe a file", () => {
  const offers = new Offers(counter());
  const message = fileMessage(1);
  for (
    const content of [
      { kind: "text", body: "hi" },
      { kind: "file", body: "hi" },
      { kind: "file", body: new Uint8Array([1, 2, 3]) },
      { kind: "sealed", body: message.content.body },
    ]
  ) assert.equal(offers.keep({ ...message, content }), undefined);
});
