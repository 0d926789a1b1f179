import assert from "node:assert/strict";
import { Searches } from "../../../server/services/searches.ts";
import type { RunningSearch, SearchStore } from "../../../server/store/search.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";
import { messageOf } from "../../helpers/messages.ts";
import { indexAll } from "../../helpers/searches.ts";
import { tempStore } from "../../helpers/temp_store.ts";
import { TestSession } from "../../helpers/test_session.ts";

const TIME = 20_000;
/** No text has this phrase, and looking for it takes many pieces of work. */
const EXPENSIVE = ["x-y-x"];

function sessionOf(name: string, address = "192.0.2.1"): TestSession {
  return new TestSession(name, 1, name, address);
}

/** Searches by a real store, and whose pieces were done, in their order. */
async function start(...people: string[]) {
  const { store, [Symbol.asyncDispose]: dispose } = await tempStore(...people);
  const body = "x x y y ".repeat(1_000);
  await store.messages.append(
    Array.from({ length: 100 }, (_, n) => messageOf(n, { content: { kind: "text", body } })),
  );
  await store.messages.append([messageOf(100, { content: { kind: "text", body: "apple" } })]);
  await indexAll(store);
  const pieces: string[] = [];
  const begin: SearchStore["begin"] = (wanted) => {
    const search = store.search.begin(wanted);
    return {
      next: () => {
        pieces.push(wanted.account);
        return search.next();
      },
      [Symbol.dispose]: () => search[Symbol.dispose](),
    };
  };
  const clock = new FakeClock();
  const searches = new Searches({ store: { search: { begin } }, clock });
  return { searches, pieces, clock, [Symbol.asyncDispose]: dispose };
}

/** Searches by a store that answers when it is told to. */
function startHeld() {
  const clock = new FakeClock();
  const steps: PromiseWithResolvers<Awaited<ReturnType<RunningSearch["next"]>>>[] = [];
  let ended = 0;
  const begin = () => ({
    next: () => {
      const step = Promise.withResolvers<Awaited<ReturnType<RunningSearch["next"]>>>();
      steps.push(step);
      return step.promise;
    },
    [Symbol.dispose]: () => void ended++,
  });
  const searches = new Searches({ store: { search: { begin } }, clock });
  return { searches, clock, steps, ended: () => ended };
}

const NOTHING = { numbers: [], more: false };

Deno.test("Searches lets an account wait for a piece of each other search, and no longer", async () => {
  await using started = await start("ann", "eve");
  const { searches, pieces } = started;
  const eve = sessionOf("eve");
  const expensive = Array.from({ length: 4 }, () => searches.find(eve, EXPENSIVE, 10));
  const { numbers } = await searches.find(sessionOf("ann"), ["apple"], 10);
  assert.equal(numbers.length, 1);
  assert.deepEqual(pieces.slice(0, 5), ["eve", "eve", "eve", "eve", "ann"]);
  assert.ok(pieces.length <= 6);
  for (const each of expensive) assert.deepEqual((await each).numbers, []);
  assert.ok(pieces.length > 20, `${pieces.length} pieces`);
});

Deno.test("Searches serves networks in turn, however many searches one has", async () => {
  const crowd = Array.from({ length: 8 }, (_, n) => `eve${n}`);
  await using started = await start("ann", ...crowd);
  const { searches, pieces } = started;
  const expensive = crowd.map((name) => searches.find(sessionOf(name), EXPENSIVE, 10));
  await searches.find(sessionOf("ann", "192.0.2.2"), ["apple"], 10);
  // One piece was being done; ann's network has the next turn but one.
  assert.ok(pieces.indexOf("ann") <= 2, pieces.join(" "));
  await Promise.all(expensive);
});

Deno.test("Searches refuses a fifth search of one account while four are under way", async () => {
  const { searches, steps } = startHeld();
  const ann = sessionOf("ann");
  const first = Array.from({ length: 4 }, () => searches.find(ann, ["apple"], 10));
  const phone = sessionOf("ann", "192.0.2.2");
  await assert.rejects(searches.find(phone, ["apple"], 10), {
    code: "busy",
    message: /4 searches/,
  });
  const other = searches.find(sessionOf("bob"), ["apple"], 10);
  for (let index = 0; index < 5; index++) {
    steps[index]?.resolve(NOTHING);
    await settle();
  }
  await Promise.all([...first, other]);
  void searches.find(ann, ["apple"], 10).catch(() => {});
  assert.equal(steps.length, 6);
});

Deno.test("Searches bounds those of a network, and of all of them", async () => {
  const { searches } = startHeld();
  const outcomes: string[] = [];
  const find = (name: string, address: string) =>
    void searches.find(sessionOf(name, address), ["apple"], 10).catch(({ code }) => {
      outcomes.push(`${name} ${code}`);
    });
  // One of them is being done.
  for (let n = 0; n < 33; n++) find(`a${n}`, "192.0.2.1");
  await settle();
  assert.deepEqual(outcomes, []);
  find("a33", "192.0.2.1");
  await settle();
  assert.deepEqual(outcomes.splice(0), ["a33 busy"]);
  for (const network of [2, 3, 4]) {
    for (let n = 0; n < 32; n++) find(`b${network}-${n}`, `192.0.2.${network}`);
  }
  await settle();
  assert.deepEqual(outcomes.splice(0), []);
  find("ann", "192.0.2.5");
  await settle();
  // The newest of a network with many gives way.
  assert.equal(outcomes.length, 1);
  assert.match(outcomes[0] ?? "", /^(a|b)/);
});

Deno.test("Searches gives a search up after 20 s, and ends it", async () => {
  const { searches, clock, steps, ended } = startHeld();
  const outcomes: string[] = [];
  for (const name of ["ann", "bob"]) {
    searches.find(sessionOf(name), ["apple"], 10).catch(({ code }) => outcomes.push(code));
  }
  await clock.pass(TIME - 1);
  assert.deepEqual(outcomes, []);
  await clock.pass(1);
  assert.deepEqual([outcomes, ended()], [["busy", "busy"], 2]);
  assert.equal(clock.waiting, 0);
  // The store goes on, and so does the next search.
  steps[0]?.resolve(undefined);
  const next = searches.find(sessionOf("eve"), ["apple"], 10);
  await settle();
  assert.equal(steps.length, 2);
  steps[1]?.resolve(NOTHING);
  assert.deepEqual(await next, NOTHING);
});

Deno.test("Searches fails a search that the store fails, and no other", async () => {
  const { searches, clock, steps } = startHeld();
  const first = searches.find(sessionOf("ann"), ["apple"], 10);
  const second = searches.find(sessionOf("ann"), ["apple"], 10);
  steps[0]?.reject(new Error("the disk reported an error"));
  await assert.rejects(first, /the disk reported an error/);
  await settle();
  steps[1]?.resolve(NOTHING);
  assert.deepEqual(await second, NOTHING);
  assert.equal(clock.waiting, 0);
});
