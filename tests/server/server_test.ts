import assert from "node:assert/strict";
import { GENERAL } from "../../protocol/names.ts";
import { TestPeer, texts } from "../helpers/peer.ts";
import { startTestServer } from "../helpers/server.ts";
import { ulidOf } from "./store/contract.ts";

Deno.test("startServer() carries a message: signed in, stored, acknowledged, fanned out", async () => {
  await using server = await startTestServer();
  await using ann = await TestPeer.signIn(server, "ann");
  await using bob = await TestPeer.signIn(server, "bob");
  const re = await ann.say(GENERAL, ulidOf(1), "hello, everyone");
  const ack = await ann.next("ack");
  assert.deepEqual({ ...ack, at: 0 }, {
    type: "ack",
    re,
    ulid: ulidOf(1),
    conversation: GENERAL,
    seq: 1,
    at: 0,
  });
  assert.deepEqual(texts([await bob.next("message")]), [[1, "ann", "hello, everyone"]]);
  const history = await bob.history(GENERAL);
  assert.deepEqual(texts(history), [[1, "ann", "hello, everyone"]]);
  assert.deepEqual(history.at(-1)?.type, "end");
});
