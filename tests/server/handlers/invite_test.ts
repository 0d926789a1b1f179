import assert from "node:assert/strict";
import { LIMITS, TIMES } from "../../../protocol/limits.ts";
import { askCode } from "../../helpers/socketless_users.ts";
import { startSocketless } from "../../helpers/socketless.ts";

const DAY = 24 * 60 * 60 * 1000;

Deno.test("invite is for admins, from the moment on in which they are", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  assert.equal(await askCode(ann, { type: "invite" }), "not_allowed");
  await server.store.accounts.setAdmin("ann", true);
  const answer = await ann.ask({ type: "invite" });
  assert.ok(answer.type === "invited");
  assert.match(answer.code, /^[\w-]{16}$/);
  assert.equal(answer.uses, 1);
  assert.equal(answer.expires, server.clock.time() + 7 * DAY);
  const [kept] = await server.store.invitations.list(server.clock.time());
  assert.equal(kept?.by, "ann");
  await server.store.accounts.setAdmin("ann", false);
  assert.equal(await askCode(ann, { type: "invite" }), "not_allowed");
});

Deno.test("invite takes a number of uses and a time within limits", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  await server.store.accounts.setAdmin("ann", true);
  const answer = await ann.ask({ type: "invite", uses: 30, lifetime: DAY });
  assert.ok(answer.type === "invited");
  assert.deepEqual([answer.uses, answer.expires], [30, server.clock.time() + DAY]);
  for (
    const wrong of [{ uses: 0 }, { uses: LIMITS.inviteUses + 1 }, { lifetime: TIMES.invite + 1 }]
  ) {
    assert.equal(await askCode(ann, { type: "invite", ...wrong }), "bad_frame");
  }
});
