import assert from "node:assert/strict";
import { answerQuery } from "../../../client/messages/account_queries.ts";
import { RefusedError } from "../../../client/session/refused_error.ts";
import { signInAsAnn } from "../../helpers/current_session.ts";
import { MemoryEngine } from "../../helpers/memory_engine.ts";

Deno.test("answerQuery asks for the account's own status, as others see it", async () => {
  const { session, server } = await signInAsAnn();
  const answer = answerQuery({ type: "status" }, "ann", session);
  const { id, users } = await server.expect("resolve");
  assert.deepEqual(users, ["ann"]);
  const ann = { number: 1, name: "ann", status: "away" } as const;
  await server.send({ type: "resolved", re: id, users: [ann], unknown: [] });
  assert.deepEqual(await answer, { event: "status", status: "away" });
});

Deno.test("answerQuery refuses a status that the account cannot have", async () => {
  const { session, server } = await signInAsAnn();
  const refused = assert.rejects(
    answerQuery({ type: "status" }, "ann", session),
    (error) => error instanceof RefusedError && error.code === "no_answer",
  );
  const { id } = await server.expect("resolve");
  const ann = { number: 1, name: "ann", status: "offline" } as const;
  await server.send({ type: "resolved", re: id, users: [ann], unknown: [] });
  await refused;
});

Deno.test("answerQuery sets the status, and reports what the server refuses", async () => {
  const { session, server } = await signInAsAnn();
  const set = answerQuery({ type: "status", status: "dnd" }, "ann", session);
  const request = await server.expect("status");
  assert.equal(request.status, "dnd");
  await server.send({ type: "done", re: request.id });
  assert.deepEqual(await set, { event: "status", status: "dnd" });
  const refused = assert.rejects(
    answerQuery({ type: "status", status: "away" }, "ann", session),
    RefusedError,
  );
  const { id } = await server.expect("status");
  await server.send({ type: "error", re: id, code: "busy", message: "Busy." });
  await refused;
});

Deno.test("answerQuery makes an invite line for the server of the session", async () => {
  const { session, server } = await signInAsAnn();
  const answer = answerQuery({ type: "invite", uses: 3 }, "ann", session);
  const { id, uses, lifetime } = await server.expect("invite");
  assert.deepEqual([uses, lifetime], [3, undefined]);
  await server.send({ type: "invited", re: id, code: "abc", uses: 3, expires: 0 });
  assert.deepEqual(await answer, {
    event: "invite",
    line: `sotto://memory:1/?pin=${MemoryEngine.pin}&code=abc`,
    uses: 3,
    expires: "1970-01-01T00:00:00.000Z",
  });
});
