import assert from "node:assert/strict";
import type { ChatEvent } from "../../../client/events.ts";
import { UserList } from "../../../client/messages/user_list.ts";
import type { User } from "../../../protocol/frame.ts";

const ANN: User = { number: 1, name: "ann", status: "normal" };
const BOB: User = { number: 2, name: "bob", status: "away" };

Deno.test("UserList puts one event for a list that comes in parts", async () => {
  const events: ChatEvent[] = [];
  const list = new UserList({ put: (event) => event !== undefined && void events.push(event) });
  list.listed({ type: "users", users: [ANN], more: true });
  assert.deepEqual(events, []);
  list.listed({ type: "users", users: [BOB], more: false });
  await list.complete;
  assert.deepEqual(events, [{ event: "users", users: [ANN, BOB] }]);
});

Deno.test("UserList forgets the parts of a list that a break has cut", () => {
  const events: ChatEvent[] = [];
  const list = new UserList({ put: (event) => event !== undefined && void events.push(event) });
  list.listed({ type: "users", users: [ANN], more: true });
  list.restart();
  list.listed({ type: "users", users: [BOB], more: false });
  assert.deepEqual(events, [{ event: "users", users: [BOB] }]);
});
