import assert from "node:assert/strict";
import { History } from "../../../client/messages/history.ts";
import { counter } from "../../../client/messages/ids.ts";
import { Offers } from "../../../client/messages/offers.ts";
import { SealedMessages } from "../../../client/messages/sealed_messages.ts";
import { RefusedError } from "../../../client/session/refused_error.ts";
import { encodeFileContent } from "../../../protocol/file_content.ts";
import type { Message } from "../../../protocol/frame.ts";
import { signInAsAnn } from "../../helpers/current_session.ts";
import { messageOf, ulidOf } from "../../helpers/messages.ts";

async function setUp() {
  const { session, server } = await signInAsAnn();
  const history = new History({
    session,
    rooms: {
      current: "room:general",
      find: ({ type, name }) => type === "person" ? "dm:ann:bob" : `${type}:${name}`,
    },
    sealed: new SealedMessages("ann", counter()),
    offers: new Offers(counter()),
  });
  return { history, session, server };
}

function message(seq: number, fields: Partial<Message> = {}): Message {
  return { type: "message", seq, ...messageOf(seq), ...fields };
}

function refusedAs(code: string) {
  return (failure: unknown) => failure instanceof RefusedError && failure.code === code;
}

Deno.test("History shows the end of a conversation, with what commands can refer to", async () => {
  const { history, server } = await setUp();
  const note = { file: ulidOf(2), name: "plan.pdf", size: 7, hash: new Uint8Array(32) };
  const sealed = { kind: "sealed", body: new Uint8Array(3) };
  const conversation = "dm:ann:bob";
  const answer = history.answer({ type: "history", place: { type: "person", name: "bob" } });
  const page = await server.transfer();
  const { id, limit, ...asked } = await page.expect("history");
  assert.deepEqual([asked.conversation, limit], [conversation, 20]);
  await page.send(
    message(1, { conversation }),
    message(2, { conversation, content: { kind: "file", body: encodeFileContent(note) } }),
    message(3, { conversation, content: sealed, from: "bob" }),
    message(4, { conversation, content: { kind: "poll", body: "" } }),
    { type: "end", re: id, more: true },
  );
  const event = await answer;
  assert.ok(event.event === "history" && event.more);
  assert.deepEqual(event.messages.map(({ text, name, number }) => [text, name, number]), [
    ["message 1", undefined, undefined],
    [undefined, "plan.pdf", 1],
    [undefined, undefined, 1],
    [undefined, undefined, undefined],
  ]);
});

Deno.test("History asks for the conversation and the number of messages that the user names", async () => {
  const { history, server } = await setUp();
  const answer = history.answer({
    type: "history",
    place: { type: "room", name: "tech" },
    limit: 3,
  });
  const page = await server.transfer();
  const { id, conversation, limit } = await page.expect("history");
  assert.deepEqual([conversation, limit], ["room:tech", 3]);
  await page.send({ type: "end", re: id, more: false });
  assert.deepEqual(await answer, {
    event: "history",
    conversation: "room:tech",
    messages: [],
    more: false,
  });
});

Deno.test("History shows what a search finds", async () => {
  const { history, server } = await setUp();
  const answer = history.answer({ type: "search", words: "the plan" });
  const page = await server.transfer();
  const { id, words } = await page.expect("search");
  assert.equal(words, "the plan");
  await page.send(message(9), { type: "end", re: id, more: false });
  const event = await answer;
  assert.ok(event.event === "search");
  assert.deepEqual(event.messages.map(({ seq }) => seq), [9]);
});

Deno.test("History shows what came before dnd while that lasts", async () => {
  const { history, server } = await setUp();
  const answer = history.answer({ type: "history" });
  const page = await server.transfer();
  const { id } = await page.expect("history");
  await page.send(message(1), { type: "error", re: id, code: "held", message: "Later." });
  const event = await answer;
  assert.ok(event.event === "history");
  assert.deepEqual([event.messages.length, event.more], [1, false]);
});

Deno.test("History throws what the server refuses, and says when the connection breaks", async () => {
  const { history, session, server } = await setUp();
  const refused = assert.rejects(history.answer({ type: "history" }), refusedAs("not_a_member"));
  const page = await server.transfer();
  const { id } = await page.expect("history");
  await page.send({ type: "error", re: id, code: "not_a_member", message: "No." });
  await refused;
  const broken = assert.rejects(history.answer({ type: "history" }), refusedAs("no_answer"));
  await (await server.transfer()).expect("history");
  server.connection.close(0);
  await broken;
  session.clear();
  await assert.rejects(history.answer({ type: "history" }), refusedAs("not_connected"));
});
