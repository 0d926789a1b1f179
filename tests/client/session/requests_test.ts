import assert from "node:assert/strict";
import { RefusedError, UnansweredError } from "../../../client/session/refused_error.ts";
import { PendingRequests } from "../../../client/session/requests.ts";
import type { ServerFrame, User } from "../../../protocol/frame.ts";

const ANN: User = { number: 1, name: "ann", status: "normal" };
const BOB: User = { number: 2, name: "bob", status: "away" };

function resolved(re: number, user: User): ServerFrame {
  return { type: "resolved", re, users: [user], unknown: [] };
}

Deno.test("PendingRequests.wait resolves with the answer to its own request", async () => {
  const requests = new PendingRequests();
  const first = requests.wait<"resolve">(1);
  const second = requests.wait<"resolve">(2);
  requests.answer(2, resolved(2, BOB));
  requests.answer(1, resolved(1, ANN));
  assert.deepEqual((await first)[0]?.users, [ANN]);
  assert.deepEqual((await second)[0]?.users, [BOB]);
  requests.answer(1, resolved(1, BOB)); // A second answer changes nothing.
  assert.deepEqual((await first)[0]?.users, [ANN]);
});

Deno.test("PendingRequests.wait waits for all parts of an answer", async () => {
  const requests = new PendingRequests();
  const answer = requests.wait<"members">(1);
  const part = { type: "membership", re: 1, conversation: "room:tech" } as const;
  requests.answer(1, { ...part, users: [ANN], more: true });
  requests.answer(1, { ...part, users: [BOB], more: false });
  assert.deepEqual((await answer).map(({ users }) => users), [[ANN], [BOB]]);
});

Deno.test("PendingRequests.wait throws what the server refuses, with its code and words", async () => {
  const requests = new PendingRequests();
  const answer = requests.wait<"login">(1);
  const refusal = { code: "bad_credentials", message: "That is not right.", attempts: 2 };
  requests.answer(1, { type: "error", re: 1, ...refusal });
  await assert.rejects(answer, (thrown) => {
    assert.ok(thrown instanceof RefusedError && !(thrown instanceof UnansweredError));
    const { code, message, attempts } = thrown;
    assert.deepEqual({ code, message, attempts }, refusal);
    return true;
  });
});

Deno.test("PendingRequests.abandon rejects what waits, once, as unanswered", async () => {
  const requests = new PendingRequests();
  const before = requests.wait<"leave">(1);
  requests.abandon();
  requests.answer(1, { type: "done", re: 1 }); // It comes too late.
  await assert.rejects(before, UnansweredError);
  const after = requests.wait<"leave">(2);
  requests.answer(2, { type: "done", re: 2 });
  assert.equal((await after).length, 1);
});

Deno.test("PendingRequests.wait takes no ID twice while it waits", () => {
  const requests = new PendingRequests();
  void requests.wait<"who">(1);
  assert.throws(() => requests.wait<"who">(1), /a request ID is used once/);
});
