import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import type { ServerFrame } from "../../../protocol/frame.ts";
import type { Store } from "../../../server/store/store.ts";
import type { TestPeer } from "../../helpers/peer.ts";
import { signInAll } from "../../helpers/socketless_users.ts";
import { startSocketless } from "../../helpers/socketless.ts";

const TECH = "room:tech";
const CREW = "group:crew";
/** Milliseconds for what should wait, but might not. */
const CHANCE = 50;

interface Held {
  /** Resolves when a list has been read that does not come yet. */
  readonly reading: Promise<void>;
  readonly release: () => void;
}

/** Has a store's lists read at once, but come when they are released. */
function hold(store: Store): Held {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: reading, resolve: begun } = Promise.withResolvers<void>();
  const { conversations } = store;
  const read = conversations.states.bind(conversations);
  conversations.states = async (account) => {
    const states = await read(account);
    begun();
    await released;
    return states;
  };
  return { reading, release };
}

/** Where a client ends that takes every frame at its word. */
function placesOf({ received }: TestPeer): string[] {
  let places = new Set<string>();
  for (const frame of received) {
    if (frame.type === "conversations") {
      places = new Set(frame.conversations.map(({ conversation }) => conversation));
    } else if (frame.type === "conversation") places.add(frame.conversation);
    else if (frame.type === "changed" && frame.change === "deleted") {
      places.delete(frame.conversation);
    }
  }
  return [...places].toSorted();
}

/** While a list is on its way, somebody changes what it is about; then it arrives. */
async function changeMeanwhile(held: Held, change: () => Promise<ServerFrame>): Promise<void> {
  await held.reading;
  const changed = change();
  await Promise.race([changed, setTimeout(CHANCE)]);
  held.release();
  await changed;
}

Deno.test("sync() tells of a room that was joined meanwhile after the list that lacks it", async () => {
  await using server = await startSocketless();
  const { ann: laptop } = await signInAll(server, "ann");
  const phone = await server.signIn("ann");
  const held = hold(server.store);
  const listed = laptop.ask({ type: "sync" });
  await changeMeanwhile(held, () => phone.ask({ type: "join", conversation: TECH }));
  await Promise.all([listed, laptop.next("conversation")]);
  assert.deepEqual(placesOf(laptop), ["room:general", TECH]);
});

Deno.test("sync() tells of a group that was deleted meanwhile after the list that has it", async () => {
  await using server = await startSocketless();
  const { ann, bob } = await signInAll(server, "ann", "bob");
  await ann.ask({ type: "create", conversation: CREW, members: ["bob"] });
  await bob.next("changed");
  const held = hold(server.store);
  const listed = bob.ask({ type: "sync" });
  await changeMeanwhile(held, () => ann.ask({ type: "delete", conversation: CREW }));
  await Promise.all([listed, bob.next("changed")]);
  assert.deepEqual(placesOf(bob), ["room:general"]);
});

Deno.test("login() tells of a room that another device joins meanwhile after its list", async () => {
  await using server = await startSocketless();
  const { ann: phone } = await signInAll(server, "ann");
  const laptop = await server.connect();
  await laptop.hello();
  const held = hold(server.store);
  await laptop.login("ann");
  await changeMeanwhile(held, () => phone.ask({ type: "join", conversation: TECH }));
  await laptop.next("conversation");
  while (!laptop.received.some(({ type }) => type === "conversations")) await setTimeout(1);
  assert.deepEqual(placesOf(laptop), ["room:general", TECH]);
});
