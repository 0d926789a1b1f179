import assert from "node:assert/strict";
import { encodeFrame, parseServerFrame } from "../../../protocol/codec.ts";
import { FrameDecoder } from "../../../protocol/decoder.ts";
import { closeCodeOf } from "../../../protocol/errors.ts";
import type { ServerFrame } from "../../../protocol/frame.ts";
import { TIMES } from "../../../protocol/limits.ts";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import { history } from "../../../server/handlers/history.ts";
import { settle } from "../../helpers/fake_clock.ts";
import { ulidOf } from "../../helpers/messages.ts";
import { texts } from "../../helpers/peer.ts";
import { TestSession } from "../../helpers/test_session.ts";
import { codeOf, startSocketless } from "../../helpers/socketless.ts";
import { signInAll } from "../../helpers/socketless_users.ts";

Deno.test("history() comes in pages, each on a stream of its own", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  for (let number = 1; number <= 120; number++) await ann.say(GENERAL, ulidOf(number), `${number}`);
  for (let number = 1; number <= 120; number++) await ann.next("ack");
  const first = await ann.history(GENERAL, 0, 70);
  const second = await ann.history(GENERAL, 70, 50);
  assert.deepEqual(
    [...texts(first), ...texts(second)].map(([seq, , text]) => [seq, text]),
    Array.from({ length: 120 }, (_, index) => [index + 1, `${index + 1}`]),
  );
  assert.deepEqual([first, second].map((page) => page.at(-1)), [
    { type: "end", re: ann.nextId() - 2, more: true },
    { type: "end", re: ann.nextId() - 2, more: false },
  ]);
});

Deno.test("history() gives the newest messages before a number, the oldest of them first", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  for (let number = 1; number <= 70; number++) await ann.say(GENERAL, ulidOf(number), `${number}`);
  for (let number = 1; number <= 70; number++) await ann.next("ack");
  const page = async (before: number, limit: number, after?: number) => {
    const range = after === undefined ? { before } : { before, after };
    const frames = await ann.fetch({ type: "history", conversation: GENERAL, limit, ...range });
    const end = frames.pop();
    const seqs = texts(frames).map(([seq]) => seq);
    assert.deepEqual(seqs, seqs.map((_, index) => (seqs[0] ?? 0) + index));
    return [seqs[0], seqs.at(-1), end?.type === "end" && end.more];
  };
  assert.deepEqual(await page(2 ** 53 - 1, 60), [11, 70, true]);
  assert.deepEqual(await page(11, 60), [1, 10, false]);
  assert.deepEqual(await page(71, 70), [1, 70, false]);
  assert.deepEqual(await page(70, 1), [69, 69, true]);
  assert.deepEqual(await page(50, 10, 45), [46, 49, false]);
  assert.deepEqual(await page(50, 3, 45), [47, 49, true]);
  assert.deepEqual(await page(1, 10), [undefined, undefined, false]);
  assert.deepEqual(await page(0, 10), [undefined, undefined, false]);
  assert.deepEqual(await page(10, 10, 20), [undefined, undefined, false]);
});

Deno.test("history() begins at the start where nothing else is asked for", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  await ann.say(GENERAL, ulidOf(1), "first");
  await ann.next("ack");
  const frames = await ann.fetch({ type: "history", conversation: GENERAL, limit: 1 });
  assert.deepEqual(texts(frames), [[1, "ann", "first"]]);
});

Deno.test("history() refuses conversations that the account is not in", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  await server.signIn("bob");
  await ann.say(dmOf("ann", "bob"), ulidOf(1), "between us");
  await ann.next("ack");
  const eve = await server.signIn("eve");
  assert.deepEqual((await eve.history(dmOf("ann", "bob"))).map(codeOf), ["unknown_conversation"]);
});

for (const how of ["removed", "group deleted", "group made anew by others"] as const) {
  Deno.test(`history() goes no further when membership has ended: ${how}`, async () => {
    await using server = await startSocketless();
    const { ann, bob } = await signInAll(server, "ann", "bob");
    const crew = "group:crew";
    await ann.ask({ type: "create", conversation: crew, members: ["bob"] });
    for (let number = 1; number <= 400; number++) {
      await ann.say(crew, ulidOf(number), `${number} ${"x".repeat(2_000)}`);
      await ann.next("ack");
    }
    // Bob does not read on: the server waits for him with the first pages.
    const stream = await bob.connection.openStream();
    const request = { type: "history", id: bob.nextId(), conversation: crew, after: 0 } as const;
    await stream.write(encodeFrame({ ...request, limit: 400 }));
    await settle(50);
    if (how === "removed") await ann.ask({ type: "remove", conversation: crew, users: ["bob"] });
    else await ann.ask({ type: "delete", conversation: crew });
    if (how === "group made anew by others") {
      await ann.ask({ type: "create", conversation: crew });
      await ann.say(crew, ulidOf(1_000), "for others");
      await ann.next("ack");
    }
    await settle(50);
    const decoder = new FrameDecoder();
    const frames: ServerFrame[] = [];
    for (let chunk; (chunk = await stream.read()) !== null;) {
      for (const body of decoder.push(chunk)) frames.push(parseServerFrame(body));
    }
    assert.equal(codeOf(frames.at(-1) ?? assert.fail()), "unknown_conversation");
    assert.ok(frames.length < 150, `${frames.length - 1} messages came`);
  });
}

Deno.test("history() is not answered before the sign-in", async () => {
  await using server = await startSocketless();
  const peer = await server.connect();
  await peer.hello();
  assert.deepEqual((await peer.history(GENERAL)).map(codeOf), ["bad_state"]);
});

Deno.test("serveTransfer() takes a stream back from a peer that asks nothing on it", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const stream = await ann.connection.openStream();
  const rejected = assert.rejects(stream.read(), {
    name: "StreamError",
    code: closeCodeOf("silence"),
  });
  await settle();
  await server.pass(TIMES.answer);
  await rejected;
  await ann.write({ type: "ping", id: ann.nextId() });
  await ann.next("pong");
});

Deno.test("history() gives what was held when it began, and is there when it ends", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  await server.signIn("bob");
  const conversation = dmOf("ann", "bob");
  await ann.say(conversation, ulidOf(1), "one");
  await ann.next("ack");
  await server.store.accounts.setStatus("bob", "dnd");
  for (const number of [2, 3]) await ann.say(conversation, ulidOf(number), `${number}`);
  for (let count = 0; count < 2; count++) await ann.next("ack");
  // The status ends when the handler has looked three times, and seen nothing.
  let looks = 0;
  const conversations: Parameters<typeof history>[2]["conversations"] = {
    accessError: (session, id) => server.conversations.accessError(session, id),
    async state(name, id) {
      if (++looks === 3) await server.store.accounts.setStatus("bob", "normal");
      return await server.conversations.state(name, id);
    },
  };
  const frame = { type: "history", id: 9, conversation, after: 1, limit: 100 } as const;
  const frames = await Array.fromAsync(
    history(frame, new TestSession("bob"), { conversations, store: server.store }),
  );
  assert.deepEqual(texts(frames.flat()), [[2, "ann", "2"], [3, "ann", "3"]]);
  assert.deepEqual(frames.at(-1), [{ type: "end", re: 9, more: false }]);
});
