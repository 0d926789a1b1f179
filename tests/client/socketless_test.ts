/** Clients and a server in one process, without ports and without real time. */
import assert from "node:assert/strict";
import { fileOf } from "../helpers/files.ts";
import { startSocketless } from "../helpers/socketless.ts";
import { startSocketlessClient } from "../helpers/socketless_client.ts";

/** For longer than a client waits before it dials and sends again; shorter than its patience. */
const RETRIED = 2_000;

Deno.test("Chat takes messages and a file from one person to another, each once, over a break", async () => {
  await using server = await startSocketless();
  await using ann = await startSocketlessClient(server, "ann");
  await using bob = await startSocketlessClient(server, "bob");
  await ann.client.chat.type("hello, Bob");
  await bob.client.event("message", { text: "hello, Bob", conversation: "room:general" });
  await bob.client.chat.type("/msg ann hello, Ann");
  await ann.client.event("message", { text: "hello, Ann", conversation: "dm:ann:bob" });

  const { bytes } = fileOf(1, 500_000);
  ann.files.files.set("in/plan.pdf", bytes);
  let cuts = 0;
  for (const person of [ann, bob]) {
    person.files.onTransfer = (_, offset) => {
      if (offset < 200_000) return;
      person.files.onTransfer = () => {};
      person.engine.cut();
      cuts += 1;
    };
  }
  await ann.client.chat.type("/send bob in/plan.pdf");
  await ann.client.event("notice", { code: "reconnecting" });
  await ann.client.chat.type("/msg bob said while the connection was cut");
  await server.pass(RETRIED);
  await bob.client.event("offer", { name: "plan.pdf" });
  await bob.client.chat.type("/accept");
  await bob.client.event("notice", { code: "reconnecting" });
  await server.pass(RETRIED);
  await bob.client.event("file", { name: "plan.pdf", direction: "down" });

  assert.equal(cuts, 2);
  assert.deepEqual(bob.files.accepted.get("plan.pdf"), bytes);
  assert.deepEqual(bob.files.parts.size, 0);
  for (const person of [ann, bob]) {
    assert.equal(person.engine.dials, 2);
    assert.deepEqual(person.client.all("error"), []);
    const again = person.client.all("progress").findLast(({ rate }) => rate === 0);
    assert.ok((again?.transferred ?? 0) > 100_000, JSON.stringify(again));
  }
  assert.equal(bob.client.all("offer").length, 1);
  assert.deepEqual(bob.client.texts.toSorted(), [
    "hello, Bob",
    "said while the connection was cut",
  ]);
  assert.deepEqual(ann.client.texts, ["hello, Ann"]);
});
