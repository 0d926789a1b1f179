import assert from "node:assert/strict";
import { RefusedError, Requests } from "../../../client/session/requests.ts";
import type { ServerFrame, User } from "../../../protocol/frame.ts";
import type { Fields, Request } from "../../../protocol/session/client.ts";

/** A session that takes what it allows, and numbers it. */
class FakeLink {
  readonly asked: Request[] = [];
  allowed = true;

  allows(): boolean {
    return this.allowed;
  }

  request(fields: Fields): number {
    const id = this.asked.length + 1;
    this.asked.push({ ...fields, id });
    return id;
  }
}

const ANN: User = { number: 1, name: "ann", status: "normal" };
const BOB: User = { number: 2, name: "bob", status: "away" };

function setUp() {
  const asking = new Requests();
  const link = new FakeLink();
  asking.attach(link);
  const receive = (frame: ServerFrame, index = link.asked.length - 1) =>
    asking.receive(frame, link.asked[index]);
  return { asking, link, receive };
}

Deno.test("Asking.ask resolves with the answer to its own request, and takes nothing else", async () => {
  const { asking, link, receive } = setUp();
  const first = asking.ask<"resolve">({ type: "resolve", users: ["ann"] });
  const second = asking.ask<"resolve">({ type: "resolve", users: ["bob"] });
  assert.deepEqual(link.asked.map(({ id }) => id), [1, 2]);
  const answer = (re: number, user: User): ServerFrame => ({
    ...{ type: "resolved", re },
    ...{ users: [user], unknown: [] },
  });
  assert.equal(receive(answer(2, BOB), 1), true);
  assert.equal(receive(answer(1, ANN), 0), true);
  assert.deepEqual((await first)[0]?.users, [ANN]);
  assert.deepEqual((await second)[0]?.users, [BOB]);
  assert.equal(receive(answer(1, ANN), 0), false);
  assert.equal(asking.receive({ type: "resync" }, undefined), false);
});

Deno.test("Asking.ask waits for all parts of an answer", async () => {
  const { asking, receive } = setUp();
  const asked = asking.ask<"members">({ type: "members", conversation: "room:tech" });
  const part = { type: "membership", re: 1, conversation: "room:tech" } as const;
  assert.equal(receive({ ...part, users: [ANN], more: true }), true);
  assert.equal(receive({ ...part, users: [BOB], more: false }), true);
  assert.deepEqual((await asked).map(({ users }) => users), [[ANN], [BOB]]);
});

Deno.test("Asking.ask throws what the server refuses, with its code and words", async () => {
  const { asking, receive } = setUp();
  const asked = asking.ask<"join">({ type: "join", conversation: "room:nowhere" });
  const refusal = { code: "unknown_conversation", message: "There is no room of that name." };
  assert.equal(receive({ type: "error", re: 1, ...refusal }), true);
  await assert.rejects(asked, (thrown) => {
    assert.ok(thrown instanceof RefusedError);
    const { code, message } = thrown;
    assert.deepEqual({ code, message }, refusal);
    return true;
  });
});

Deno.test("Asking.ask asks nothing that the session does not allow", async () => {
  const { asking, link } = setUp();
  link.allowed = false;
  assert.equal(asking.can("who"), false);
  await assert.rejects(asking.ask<"leave">({ type: "leave", conversation: "room:tech" }), {
    code: "not_connected",
  });
  assert.throws(() => asking.refresh("who"), { code: "not_connected" });
  assert.deepEqual(link.asked, []);
});

Deno.test("Asking.lost refuses everything that waits, and says that it is not known", async () => {
  const { asking, link, receive } = setUp();
  const asked = asking.ask<"leave">({ type: "leave", conversation: "room:tech" });
  asking.lost(false);
  await assert.rejects(asked, { code: "no_answer" });
  // An answer that comes all the same is nobody's.
  assert.equal(receive({ type: "done", re: 1 }), false);
  assert.equal(asking.can("leave"), true);
  asking.lost(true);
  assert.equal(asking.can("leave"), false);
  await assert.rejects(asking.ask<"leave">({ type: "leave", conversation: "room:tech" }), {
    code: "not_connected",
  });
  assert.equal(link.asked.length, 1);
});

Deno.test("Asking.refresh asks for a list that is shown as if it came by itself", () => {
  const { asking, link, receive } = setUp();
  asking.refresh("who");
  assert.deepEqual(link.asked, [{ type: "who", id: 1 }]);
  assert.equal(receive({ type: "users", re: 1, users: [ANN], more: false }), false);
});
