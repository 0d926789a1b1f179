import assert from "node:assert/strict";
import { startTestChat } from "../helpers/client.ts";
import { startTestServer } from "../helpers/server.ts";

Deno.test("Chat talks publicly and privately", async () => {
  await using server = await startTestServer();
  const { address: { port }, pin } = server;
  await using ann = await startTestChat({ user: "ann", port, pin });
  await using bob = await startTestChat({ user: "bob", port, pin });
  await ann.event("presence", { user: "bob", status: "normal" });
  await ann.chat.type("hello all");
  await bob.event("message", { from: "ann", conversation: "room:general", text: "hello all" });
  const { id } = await ann.event("sending");
  await ann.event("ack", { id, conversation: "room:general", seq: 1 });
  await bob.chat.type("@ann hello you");
  await ann.event("message", { from: "bob", conversation: "dm:ann:bob", text: "hello you" });
  assert.equal(ann.all("message").length, 1, "what one says oneself comes as an ack only");
});
