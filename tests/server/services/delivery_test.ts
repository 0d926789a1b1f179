import assert from "node:assert/strict";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import { makeLogger, SILENT } from "../../../server/log.ts";
import {
  Delivery,
  type DeliveryOptions,
  type Submission,
} from "../../../server/services/delivery.ts";
import type { MessageStore } from "../../../server/store/messages.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";
import { ulidOf } from "../../helpers/messages.ts";
import { TestSession } from "../../helpers/test_session.ts";
import { tempStore } from "../../helpers/temp_store.ts";

/** Everyone hears everything; private messages are heard by the two. */
function audienceOf(people: readonly TestSession[]) {
  return (conversation: string) =>
    conversation === GENERAL
      ? people
      : people.filter(({ account }) => conversation.split(":").includes(account.name));
}

async function setUp(options: Partial<DeliveryOptions> = {}) {
  const temp = await tempStore("ann", "bob", "eve");
  const ann = new TestSession("ann");
  const bob = new TestSession("bob");
  const eve = new TestSession("eve");
  const clock = new FakeClock(5_000);
  const delivery = new Delivery({
    messages: temp.store.messages,
    audience: { of: audienceOf([ann, bob, eve]) },
    clock,
    turns: { flushed: settle, caughtUp: settle },
    log: SILENT,
    limit: 1_000_000,
    ...options,
  });
  return { ...temp, ann, bob, eve, delivery };
}

let lastId = 0;
function submission(
  sender: TestSession,
  number: number,
  fields: Partial<Submission> = {},
): Submission {
  return {
    conversation: GENERAL,
    ulid: ulidOf(number),
    from: sender.account.name,
    content: { kind: "text", body: `text ${number}` },
    sender,
    re: ++lastId,
    ...fields,
  };
}

/** A store whose first commit ends when the test says so. */
class SlowStore implements Pick<MessageStore, "append"> {
  readonly batches: number[] = [];
  readonly #store: Pick<MessageStore, "append">;
  readonly #gate = Promise.withResolvers<void>();

  constructor(store: Pick<MessageStore, "append">) {
    this.#store = store;
  }

  append: MessageStore["append"] = async (batch) => {
    this.batches.push(batch.length);
    const appended = await this.#store.append(batch);
    await this.#gate.promise;
    return appended;
  };

  /** Lets the commit that is under way end, and all later ones. */
  commit(): void {
    this.#gate.resolve();
  }
}

Deno.test("Delivery acknowledges to the sending session, and fans out to all others", async () => {
  await using setting = await setUp();
  const { ann, bob, eve, delivery } = setting;
  delivery.submit(submission(ann, 1, { re: 7 }));
  await delivery.idle();
  assert.deepEqual(ann.look(), [`ack 7: ${GENERAL} 1`]);
  assert.equal(ann.answered, 1);
  assert.deepEqual(bob.look(), ["message 1 ann: text 1"]);
  assert.deepEqual(eve.look(), ["message 1 ann: text 1"]);
});

Deno.test("Delivery says nothing to anyone before the commit", async () => {
  const temp = await tempStore("ann", "bob", "eve");
  await using _temp = temp;
  const store = new SlowStore(temp.store.messages);
  await using setting = await setUp({ messages: store });
  const { ann, bob, delivery } = setting;
  delivery.submit(submission(ann, 1));
  await settle();
  assert.deepEqual(store.batches, [1]);
  assert.deepEqual([ann.look(), bob.look()], [[], []]);
  store.commit();
  await delivery.idle();
  assert.equal(bob.look().length, 1);
});

Deno.test("Delivery stores what came within one turn, or during a commit, in one transaction", async () => {
  const temp = await tempStore("ann", "bob", "eve");
  await using _temp = temp;
  const store = new SlowStore(temp.store.messages);
  await using setting = await setUp({ messages: store });
  const { ann, bob, delivery } = setting;
  for (const number of [1, 2, 3]) delivery.submit(submission(ann, number));
  await settle();
  for (const number of [4, 5]) delivery.submit(submission(ann, number));
  await settle();
  assert.deepEqual(store.batches, [3]);
  store.commit();
  await delivery.idle();
  assert.deepEqual(store.batches, [3, 2]);
  assert.deepEqual(bob.look(), [1, 2, 3, 4, 5].map((seq) => `message ${seq} ann: text ${seq}`));
});

Deno.test("Delivery encodes a message once, and gives a run of them as one chunk to all", async () => {
  await using setting = await setUp();
  const { ann, bob, eve, delivery } = setting;
  for (const number of [1, 2, 3]) delivery.submit(submission(ann, number));
  await delivery.idle();
  assert.equal(bob.chunks.length, 1);
  assert.equal(bob.chunks[0], eve.chunks[0]);
});

Deno.test("Delivery shows a sender nothing of a batch that is not for it", async () => {
  const people: TestSession[] = [];
  // Ann has left while her message waits, or does not want to be disturbed.
  const audience = {
    of: () => people.filter(({ account }) => account.name !== "ann"),
  };
  await using setting = await setUp({ audience });
  const { ann, bob, eve, delivery } = setting;
  people.push(ann, bob, eve);
  delivery.submit(submission(ann, 1, { re: 1 }));
  delivery.submit(submission(bob, 2, { re: 2 }));
  await delivery.idle();
  assert.deepEqual(ann.look(), [`ack 1: ${GENERAL} 1`]);
  assert.deepEqual(bob.look(), ["message 1 ann: text 1", `ack 2: ${GENERAL} 2`]);
});

Deno.test("Delivery shows senders of one batch each other's messages in the order of seq", async () => {
  await using setting = await setUp();
  const { ann, bob, eve, delivery } = setting;
  delivery.submit(submission(ann, 1, { re: 1 }));
  delivery.submit(submission(bob, 2, { re: 2 }));
  delivery.submit(submission(ann, 3, { re: 3 }));
  await delivery.idle();
  assert.deepEqual(ann.look(), [
    `ack 1: ${GENERAL} 1`,
    "message 2 bob: text 2",
    `ack 3: ${GENERAL} 3`,
  ]);
  assert.deepEqual(bob.look(), [
    "message 1 ann: text 1",
    `ack 2: ${GENERAL} 2`,
    "message 3 ann: text 3",
  ]);
  assert.deepEqual(
    eve.look(),
    [1, 2, 3].map((seq) => `message ${seq} ${seq === 2 ? "bob" : "ann"}: text ${seq}`),
  );
});

Deno.test("Delivery keeps conversations of one batch apart, and acks in the order of sending", async () => {
  await using setting = await setUp();
  const { ann, bob, eve, delivery } = setting;
  const dm = dmOf("ann", "bob");
  delivery.submit(submission(ann, 1, { re: 1 }));
  delivery.submit(submission(ann, 2, { re: 2, conversation: dm }));
  delivery.submit(submission(ann, 3, { re: 3 }));
  await delivery.idle();
  assert.deepEqual(ann.look(), [`ack 1: ${GENERAL} 1`, `ack 2: ${dm} 1`, `ack 3: ${GENERAL} 2`]);
  assert.deepEqual(bob.look(), [
    "message 1 ann: text 1",
    "message 1 ann: text 2",
    "message 2 ann: text 3",
  ]);
  assert.deepEqual(eve.look(), ["message 1 ann: text 1", "message 2 ann: text 3"]);
});

Deno.test("Delivery sends to the sender's other sessions", async () => {
  const ann = new TestSession("ann");
  const annsPhone = new TestSession("ann");
  await using setting = await setUp({ audience: { of: () => [ann, annsPhone] } });
  setting.delivery.submit(submission(ann, 1, { re: 1 }));
  await setting.delivery.idle();
  assert.deepEqual(ann.look(), [`ack 1: ${GENERAL} 1`]);
  assert.deepEqual(annsPhone.look(), ["message 1 ann: text 1"]);
});

Deno.test("Delivery acknowledges a message that was stored already, and does not fan it out again", async () => {
  await using setting = await setUp();
  const { ann, bob, delivery, store } = setting;
  delivery.submit(submission(ann, 1, { re: 1 }));
  await delivery.idle();
  bob.look();
  delivery.submit(submission(ann, 1, { re: 2 }));
  delivery.submit(submission(ann, 2, { re: 3 }));
  await delivery.idle();
  assert.deepEqual(ann.look(), [1, 2, 3].map((re) => `ack ${re}: ${GENERAL} ${re === 3 ? 2 : 1}`));
  assert.deepEqual(bob.look(), ["message 2 ann: text 2"]);
  assert.equal((await store.messages.history(GENERAL, 0, 10)).length, 2);
});

Deno.test("Delivery tells the sender what follows the ack", async () => {
  await using setting = await setUp();
  const { ann, delivery } = setting;
  const then = { type: "notice", re: 4, code: "offline", text: "bob is offline" } as const;
  delivery.submit(submission(ann, 1, { re: 4, notice: then }));
  await delivery.idle();
  assert.deepEqual(ann.look(), [`ack 4: ${GENERAL} 1`, "notice 4: offline"]);
});

Deno.test("Delivery.submit() refuses what goes over its bound, and takes more after the commit", async () => {
  await using setting = await setUp({ limit: 3_000 });
  const { ann, delivery, bob } = setting;
  const content = { kind: "text", body: "x".repeat(1_000) };
  assert.equal(delivery.submit(submission(ann, 1, { content })), true);
  assert.equal(delivery.submit(submission(ann, 2, { content })), false);
  await delivery.idle();
  assert.equal(delivery.submit(submission(ann, 2, { content })), true);
  await delivery.idle();
  assert.equal(bob.look().length, 2);
});

Deno.test("Delivery stores a message behind one of each other account, however many those have sent", async () => {
  await using setting = await setUp();
  const { ann, bob, eve, delivery } = setting;
  for (let number = 1; number <= 600; number++) delivery.submit(submission(ann, number));
  delivery.submit(submission(bob, 601, { re: 1 }));
  await delivery.idle();
  assert.equal(bob.look().indexOf(`ack 1: ${GENERAL} 2`), 1);
  const fromAnn = eve.received.flatMap((frame) =>
    frame.type === "message" && frame.from === "ann" ? [frame.content.body] : []
  );
  assert.deepEqual(fromAnn, Array.from({ length: 600 }, (_, at) => `text ${at + 1}`));
});

Deno.test("Delivery refuses the newest of who has filled it, and takes what others send", async () => {
  await using setting = await setUp({ limit: 4_000 });
  const { ann, bob, delivery } = setting;
  const content = { kind: "text", body: "x".repeat(500) };
  const queued = [1, 2, 3].map((re) => delivery.submit(submission(ann, re, { content, re })));
  assert.deepEqual(queued, [true, true, true]);
  assert.equal(delivery.submit(submission(bob, 4, { content, re: 4 })), true);
  assert.deepEqual(ann.look(), ["error 3: busy"]);
  assert.equal(ann.answered, 1);
  assert.equal(delivery.submit(submission(ann, 3, { content, re: 5 })), false);
  await delivery.idle();
  assert.deepEqual(bob.look().at(1), `ack 4: ${GENERAL} 2`);
});

Deno.test("Delivery answers busy when the store fails, logs it, and goes on", async () => {
  const temp = await tempStore("ann", "bob", "eve");
  await using _temp = temp;
  let full = true;
  const append: MessageStore["append"] = (batch) =>
    full
      ? Promise.reject(new Error("database or disk is full"))
      : temp.store.messages.append(batch);
  const lines: string[] = [];
  const log = makeLogger({ level: "info", format: "text", write: (line) => lines.push(line) });
  await using setting = await setUp({ messages: { append }, log });
  const { ann, bob, delivery } = setting;
  delivery.submit(submission(ann, 1, { re: 1 }));
  await delivery.idle();
  assert.deepEqual([ann.look(), bob.look()], [["error 1: busy"], []]);
  assert.equal(ann.answered, 1);
  assert.match(lines.join("\n"), /messages_not_stored count=1 .*disk is full/);
  assert.doesNotMatch(lines.join("\n"), /text 1/);

  full = false;
  delivery.submit(submission(ann, 1, { re: 2 }));
  await delivery.idle();
  assert.deepEqual(ann.look(), [`ack 2: ${GENERAL} 1`]);
});

Deno.test("Delivery refuses a message for a group that has just been deleted, and no others with it", async () => {
  await using setting = await setUp();
  const { ann, bob, delivery } = setting;
  const conversation = "group:crew";
  const gone = submission(ann, 1, { conversation });
  for (const message of [gone, submission(ann, 2), submission(bob, 3)]) delivery.submit(message);
  await delivery.idle();
  assert.deepEqual(ann.look(), [
    `error ${gone.re}: unknown_conversation`,
    "message 1 bob: text 3",
    `ack ${gone.re + 1}: ${GENERAL} 2`,
  ]);
  assert.equal(ann.answered, 2);
});

Deno.test("Delivery serves accounts with one message at once while those with more wait", async () => {
  const rest = Promise.withResolvers<void>();
  const waits: number[] = [];
  const caughtUp = (most: number) => {
    waits.push(most);
    return waits.length === 1 ? rest.promise : settle();
  };
  await using setting = await setUp({ turns: { flushed: settle, caughtUp } });
  const { ann, bob, delivery } = setting;
  for (let number = 1; number <= 600; number++) delivery.submit(submission(ann, number));
  while (waits.length === 0) await settle();
  delivery.submit(submission(bob, 601, { re: 1 }));
  delivery.submit(submission(ann, 602));
  while (bob.answered === 0) await settle();
  assert.equal(bob.look().at(-1), `ack 1: ${GENERAL} 513`);
  assert.equal(ann.answered, 512);
  rest.resolve();
  await delivery.idle();
  assert.equal(ann.answered, 601);
});

/** Takes so many milliseconds for each message, by this clock. */
function slowStore(store: Pick<MessageStore, "append">, clock: FakeClock, each: number) {
  const batches: number[] = [];
  const append: MessageStore["append"] = (messages) => {
    batches.push(messages.length);
    clock.work(each * messages.length);
    return store.append(messages);
  };
  return { batches, append };
}

Deno.test("Delivery stores fewer messages at once where each takes long, and more again after that", async () => {
  const temp = await tempStore("ann", "bob", "eve");
  await using _temp = temp;
  const clock = new FakeClock(5_000);
  const messages = slowStore(temp.store.messages, clock, 0.05);
  await using setting = await setUp({ clock, messages });
  const { ann, delivery } = setting;
  for (let number = 1; number <= 1_500; number++) delivery.submit(submission(ann, number));
  const idle = delivery.idle();
  let isIdle = false;
  void idle.then(() => isIdle = true);
  while (!isIdle) {
    await settle();
    await clock.pass(100); // What a rest may take.
  }
  const [first, second, third = 0] = messages.batches;
  assert.equal(first, 512);
  assert.ok(second !== undefined && second < 512);
  assert.ok(third < second && third > 100, `${messages.batches}`);
});
