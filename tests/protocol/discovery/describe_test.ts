import assert from "node:assert/strict";
import { addressOf, describeServer } from "../../../protocol/discovery/describe.ts";
import { foundServer } from "../../helpers/found_server.ts";

Deno.test("describeServer names users and rooms", () => {
  const said = (facts: Parameters<typeof foundServer>[0]) => describeServer(foundServer(facts));
  assert.equal(said({}), "Lab: 3 people online; rooms: general, tech");
  assert.equal(said({ moreRooms: 5 }), "Lab: 3 people online; rooms: general, tech and 5 more");
  assert.equal(said({ people: 1, rooms: [] }), "Lab: 1 person online");
  assert.equal(said({ people: 0, rooms: [] }), "Lab: nobody online");
  assert.equal(said({ people: undefined, rooms: [] }), "Lab");
});

Deno.test("addressOf gives the best address as people type it", () => {
  assert.equal(addressOf(foundServer()), "192.0.2.7:4433");
  assert.equal(addressOf(foundServer({ addresses: ["2001:db8::7", "x"] })), "[2001:db8::7]:4433");
});
