import assert from "node:assert/strict";
import type { ChatEvent } from "../../../client/events.ts";
import { INITIAL, reduce, type State } from "../../../client/ui/state.ts";

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

Deno.test("reduce counts what others said elsewhere, until one is or writes there", () => {
  const said = (conversation: string, from = "bob"): ChatEvent => ({
    event: "message",
    conversation,
    seq: 1,
    id: "01J00000000000000000000001",
    from,
    text: "hello",
    at: AT,
  });
  const signedIn: ChatEvent = { event: "authenticated", user: "ann", number: 1, created: false };
  const heard = [signedIn, said("room:general"), said("room:tech"), said("room:tech")];
  const also = [...heard, said("dm:ann:bob"), said("group:crew", "ann")];
  assert.deepEqual([...after(...also).unread], [["room:tech", 2], ["dm:ann:bob", 1]]);
  const entered = after(...also, { event: "room", conversation: "room:tech" });
  assert.deepEqual([...entered.unread], [["dm:ann:bob", 1]]);
  const answered = after(...also, { event: "sending", id: "1", conversation: "dm:ann:bob" });
  assert.deepEqual([...answered.unread], [["room:tech", 2]]);
  const opened = after(...also, { event: "opened", id: "1", from: "bob", text: "" });
  assert.deepEqual([...opened.unread], [["room:tech", 2]]);
  const elsewhere = after(...also, { event: "marked", conversation: "room:tech", seq: 9 });
  assert.deepEqual([...elsewhere.unread], [["dm:ann:bob", 1]]);
});

Deno.test("reduce knows which places there are, and which are gone", () => {
  const changed = (conversation: string, change: "created" | "left" | "deleted"): ChatEvent => ({
    event: "changed",
    conversation,
    change,
    by: "ann",
  });
  const signedIn: ChatEvent = { event: "authenticated", user: "ann", number: 1, created: false };
  const made = [signedIn, changed("room:tech", "created"), changed("group:crew", "created")];
  assert.deepEqual([...after(...made).places], ["room:tech", "group:crew"]);
  const left = after(...made, changed("room:tech", "left"), changed("group:crew", "left"));
  assert.deepEqual([...left.places], ["room:tech"]);
  assert.deepEqual([...after(...made, changed("room:tech", "deleted")).places], ["group:crew"]);
});

Deno.test("reduce knows how far away the server is, and when it is tried again", () => {
  const measured = after(CONNECTED, { event: "round_trip", milliseconds: 12 });
  assert.deepEqual([measured.transport, measured.roundTrip], ["quic", 12]);
  const lost: ChatEvent = { event: "notice", code: "reconnecting", text: "", in: 3 };
  assert.equal(after(CONNECTED, lost).retryIn, 3);
  const back = after(CONNECTED, { event: "round_trip", milliseconds: 12 }, lost, CONNECTED);
  assert.deepEqual([back.retryIn, back.roundTrip], [undefined, undefined]);
});

Deno.test("reduce knows the newest sealed message, until it was opened", () => {
  const sealed = (number: number, from = "bob"): ChatEvent => ({
    event: "sealed",
    number,
    conversation: "dm:ann:bob",
    seq: number,
    id: `${number}`,
    from,
    at: AT,
  });
  const signedIn: ChatEvent = { event: "authenticated", user: "ann", number: 1, created: false };
  const two = [signedIn, sealed(1), sealed(2), sealed(3, "ann")];
  assert.equal(after(...two).sealed?.number, 2);
  const opened: ChatEvent = { event: "opened", id: "2", from: "bob", text: "" };
  assert.equal(after(...two, opened).sealed, undefined);
});

Deno.test("reduce lets the next account begin afresh", () => {
  const signedIn = (user: string): ChatEvent => ({
    event: "authenticated",
    user,
    number: 1,
    created: false,
  });
  const said: ChatEvent = {
    event: "message",
    conversation: "room:tech",
    seq: 1,
    id: "01J00000000000000000000001",
    from: "bob",
    text: "hello",
    at: AT,
  };
  const same = after(CONNECTED, signedIn("ann"), said, signedIn("ann"));
  assert.deepEqual([same.unread.size, same.places.size], [1, 1]);
  const other = after(CONNECTED, signedIn("ann"), said, signedIn("cleo"));
  assert.deepEqual([other.user, other.connection, other.unread.size], ["cleo", "connected", 0]);
});

Deno.test("reduce knows which files are on their way", () => {
  const way = {
    number: 1,
    direction: "up",
    conversation: "room:tech",
    name: "plan.pdf",
    size: 10,
  } as const;
  const progress = (id: string, transferred: number): ChatEvent => ({
    event: "progress",
    ...way,
    id,
    transferred,
    rate: 0,
  });
  const both = [progress("a", 0), progress("b", 0), progress("a", 5)];
  assert.deepEqual([...after(...both).transfers.keys()], ["a", "b"]);
  assert.equal(after(...both).transfers.get("a")?.transferred, 5);
  const whole: ChatEvent = { event: "file", ...way, id: "a" };
  const failed: ChatEvent = { event: "error", code: "stopped", id: "b", message: "" };
  assert.deepEqual([...after(...both, whole).transfers.keys()], ["b"]);
  assert.deepEqual([...after(...both, whole, failed).transfers.keys()], []);
});

Deno.test("reduce keeps a bounded number of people, places and unread conversations", () => {
  const names = Array.from({ length: 12_000 }, (_, number) => `n${number}`);
  const people = names.map((name, number) => ({ number, name, status: "normal" as const }));
  const self = { number: 1, name: "ann", status: "dnd" } as const;
  const ann: ChatEvent = { event: "authenticated", user: "ann", number: 1, created: false };
  const listed = after(ann, { event: "users", users: [...people, self] });
  assert.equal(listed.people.size, 10_000);
  assert.equal(listed.people.get("ann")?.status, "dnd");
  const presence = (user: string, status: "normal" | "away"): ChatEvent => ({
    ...{ event: "presence", user, number: 1, status },
  });
  const changes = [presence("new", "normal"), presence("n0", "away"), presence("ann", "normal")];
  const changed = changes.reduce(reduce, listed);
  assert.equal(changed.people.size, 10_000);
  assert.equal(changed.people.get("n0")?.status, "away");
  assert.equal(changed.people.get("ann")?.status, "normal");

  const rooms = names.map((name) => ({
    ...{ conversation: `room:${name}`, people: 1, topic: "", member: false },
  }));
  assert.equal(after({ event: "rooms", rooms }).places.size, 2048);
  const said = names.slice(0, 3000).map((name): ChatEvent => ({
    ...{ event: "message", conversation: `room:${name}`, seq: 1, from: "bob", text: "", at: AT },
    id: "01J00000000000000000000001",
  }));
  const { unread, places } = said.reduce(reduce, INITIAL);
  assert.deepEqual([unread.size, places.size], [1024, 2048]);
  assert.ok(unread.has("room:n2999"));
});
