import assert from "node:assert/strict";
import type { ChatEvent } from "../../client/events.ts";
import { INITIAL, reduce, type State } from "../../client/state.ts";

const AT = "2026-11-20T12:00:00.000Z";
const CONNECTED: ChatEvent = {
  event: "connected",
  transport: "quic",
  address: "localhost:4433",
  pin: "SHA256:",
  version: 1,
  resumed: false,
};

function after(...events: ChatEvent[]): State {
  return events.reduce(reduce, INITIAL);
}

Deno.test("reduce follows the connection", () => {
  assert.equal(after().connection, "connecting");
  const reconnecting: ChatEvent = { event: "notice", code: "reconnecting", text: "" };
  assert.equal(after(CONNECTED).connection, "connected");
  assert.equal(after(CONNECTED, reconnecting).connection, "reconnecting");
  assert.equal(after(CONNECTED, reconnecting, CONNECTED).connection, "connected");
  assert.equal(after({ event: "closed", code: "left", message: "" }).connection, "closed");
});

Deno.test("reduce knows who is signed in, and who is online", () => {
  const users: ChatEvent = {
    event: "users",
    users: [{ number: 1, name: "ann", status: "normal" }, {
      number: 2,
      name: "bob",
      status: "away",
    }],
  };
  const state = after(
    { event: "authenticated", user: "ann", number: 1, created: false },
    users,
    { event: "presence", user: "cleo", number: 3, status: "normal" },
    { event: "presence", user: "bob", number: 2, status: "normal" },
    { event: "presence", user: "ann", number: 1, status: "offline" },
  );
  assert.equal(state.user, "ann");
  assert.deepEqual([...state.people.keys()], ["bob", "cleo"]);
  assert.deepEqual(state.people.get("bob"), { number: 2, status: "normal" });
});

Deno.test("reduce keeps what is being sent until it is acknowledged or refused", () => {
  const sending = (id: string): ChatEvent => ({
    event: "sending",
    id,
    conversation: "room:general",
    text: id,
  });
  const state = after(
    sending("a"),
    sending("b"),
    sending("c"),
    { event: "ack", id: "a", conversation: "room:general", seq: 1, at: AT },
    { event: "error", code: "unknown_user", message: "", id: "c" },
    { event: "error", code: "bad_command", message: "" },
  );
  assert.deepEqual([...state.sending.keys()], ["b"]);
});

Deno.test("reduce changes no state that it was given", () => {
  const before = after({ event: "presence", user: "bob", number: 2, status: "normal" });
  const frozen = structuredClone(before);
  reduce(before, { event: "presence", user: "bob", number: 2, status: "offline" });
  reduce(before, { event: "sending", id: "a", conversation: "room:general" });
  assert.deepEqual(before, frozen);
});
