/** What one person costs all others, through the whole of the server but its sockets. */
import assert from "node:assert/strict";
import { encodeFrame } from "../../../protocol/codec.ts";
import { TIMES } from "../../../protocol/limits.ts";
import { startSocketless } from "../../helpers/socketless.ts";

const CROWD = 200;

Deno.test("login() and logout() cost every session online one small event, however many there are", async () => {
  await using server = await startSocketless();
  const crowd = await Promise.all(
    Array.from({ length: CROWD }, async (_, index) => {
      const peer = await server.connect();
      await peer.hello();
      await peer.login(`user${index}`);
      return peer;
    }),
  );
  await server.pass(100);
  const heard = crowd.map(({ received }) => received.length);
  const news = () => crowd.map(({ received }, index) => received.slice(heard[index]));

  const newcomer = await server.signIn("newcomer");
  await server.pass(100);
  const number = CROWD + 1;
  const event = { type: "presence", user: "newcomer", number } as const;
  for (const frames of news()) assert.deepEqual(frames, [{ ...event, status: "normal" }]);
  assert.ok(encodeFrame({ ...event, status: "normal" }).length < 100);

  await newcomer.ask({ type: "logout" });
  await server.pass(2 * TIMES.linger);
  await newcomer.closed();
  await server.pass(100);
  for (const frames of news()) assert.deepEqual(frames.slice(1), [{ ...event, status: "offline" }]);
});
