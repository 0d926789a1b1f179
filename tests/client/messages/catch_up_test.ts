import assert from "node:assert/strict";
import fc from "fast-check";
import { CatchUp, type CatchUpOutput } from "../../../client/messages/catch_up.ts";
import { type OutgoingMessage, SendQueue } from "../../../client/messages/send_queue.ts";
import type { Message, ServerFrame } from "../../../protocol/frame.ts";

const CONVERSATIONS = ["room:general", "dm:ann:bob"] as const;
const PAGE = 3;
const MAX_OUTGOING = 64;
const NO_EVENTS = { put: () => {} };

/**
 * A server with one client over a wire that drops, reorders and breaks: as small a model as shows
 * what the two together promise, that everything comes out once and in order.
 */
class World {
  readonly log = new Map<string, Message[]>(CONVERSATIONS.map((id) => [id, []]));
  readonly shown: Message[] = [];
  readonly acks: string[] = [];
  readonly said: OutgoingMessage[] = [];
  readonly outgoing = new SendQueue(NO_EVENTS, { messages: MAX_OUTGOING, inFlight: 4 });
  readonly catchUp = new CatchUp(this.outgoing);
  connected = false;
  #toServer: OutgoingMessage[] = [];
  #fromOldSession: OutgoingMessage[] = [];
  #toClient: ServerFrame[] = [];
  #pages: { conversation: string; after: number; messages?: Message[]; more?: boolean }[] = [];
  #count = 0;
  readonly #cursors = new Map<string, number>();

  othersSay(which: number): void {
    this.#store({ ...this.#new(which, "bob") }, "bob", true);
  }

  weSay(which: number): void {
    const message = this.#new(which, "ann");
    if (this.outgoing.size === MAX_OUTGOING) return;
    this.outgoing.add(message);
    this.said.push(message);
  }

  send(): void {
    if (!this.connected || this.catchUp.full) return;
    const next = this.outgoing.next();
    if (next !== undefined) this.#toServer.push(next);
  }

  serverReads(): void {
    const pending = this.#toServer.shift();
    if (pending !== undefined) this.#store(pending, "ann", false);
  }

  /** The server still reads what a broken connection had brought, as another session's. */
  serverReadsOld(): void {
    const pending = this.#fromOldSession.shift();
    if (pending !== undefined) this.#store(pending, "ann", true);
  }

  clientReads(): void {
    const frame = this.#toClient.shift();
    if (frame === undefined) return;
    switch (frame.type) {
      case "message":
        return this.#took(this.catchUp.arrived(frame));
      case "ack":
        return this.#took(this.catchUp.acknowledged(frame));
      case "conversations":
        return this.#took(this.catchUp.listed(frame.conversations, frame.more));
      case "resync":
        return this.#list();
      default:
        assert.fail(frame.type);
    }
  }

  fetch(): void {
    if (!this.connected) return;
    if (this.catchUp.needsList && !this.#toClient.some(({ type }) => type === "conversations")) {
      this.#list();
    }
    const page = this.catchUp.next();
    if (page !== undefined) this.#pages.push(page);
  }

  pageComes(): void {
    const page = this.#pages[0];
    if (page === undefined) return;
    if (page.messages === undefined) {
      const all = this.#logOf(page.conversation).filter(({ seq }) => seq > page.after);
      page.messages = all.slice(0, PAGE);
      page.more = all.length > PAGE;
    }
    const message = page.messages.shift();
    if (message !== undefined) return this.#took(this.catchUp.fetched(message));
    this.#pages.shift();
    this.#took(this.catchUp.fetchEnded(page.conversation, page.more ?? false));
  }

  overflow(): void {
    if (!this.connected) return;
    // Acknowledgements are lost too: the messages are sent again.
    this.outgoing.retryAll();
    this.#toClient = [{ type: "resync" }];
  }

  swap(): void {
    const [first, second] = this.#toClient;
    if (first?.type !== "message" || second?.type !== "message") return;
    this.#toClient.splice(0, 2, second, first);
  }

  disconnect(): void {
    if (!this.connected) return;
    this.connected = false;
    this.#fromOldSession.push(...this.#toServer);
    this.#toServer = [];
    this.#toClient = [];
    for (const { conversation } of this.#pages) this.catchUp.fetchFailed(conversation);
    this.#pages = [];
    this.outgoing.retryAll();
  }

  connect(): void {
    if (this.connected) return;
    this.connected = true;
    this.#list();
  }

  settle(): void {
    this.connect();
    for (let round = 0; round < 2000; round++) {
      this.send();
      this.serverReads();
      this.serverReadsOld();
      this.clientReads();
      this.fetch();
      this.pageComes();
    }
  }

  #new(which: number, from: string): OutgoingMessage {
    const conversation = CONVERSATIONS[which % CONVERSATIONS.length] ?? CONVERSATIONS[0];
    const ulid = `01${from.toUpperCase()}${String(this.#count++).padStart(21, "0")}`;
    return { ulid, conversation, content: { kind: "text", body: ulid } };
  }

  #logOf(conversation: string): Message[] {
    return this.log.get(conversation) ?? assert.fail(conversation);
  }

  #store(message: OutgoingMessage, from: string, elsewhere: boolean): void {
    const log = this.#logOf(message.conversation);
    let stored = log.find(({ ulid }) => ulid === message.ulid);
    if (stored === undefined) {
      stored = { type: "message", ...message, seq: log.length + 1, from, at: 0 };
      log.push(stored);
      if (elsewhere && this.connected) this.#toClient.push(stored);
    }
    if (!elsewhere && this.connected) this.#toClient.push({ ...stored, type: "ack", re: 0 });
  }

  #list(): void {
    const states = CONVERSATIONS.map((conversation) => ({
      conversation,
      seq: this.#logOf(conversation).length,
      mark: 0,
      unread: 0,
    })).filter(({ seq }) => seq > 0);
    const half = states.length >> 1;
    this.#toClient.push(
      { type: "conversations", conversations: states.slice(0, half), more: true },
      { type: "conversations", conversations: states.slice(half), more: false },
    );
  }

  #took(caught: readonly CatchUpOutput[]): void {
    for (const one of caught) {
      if (one.type === "message") this.shown.push(one.message);
      else if (one.type === "ack") this.acks.push(one.message.ulid);
      else {
        const before = this.#cursors.get(one.conversation) ?? 0;
        assert.ok(one.seq >= before, "a cursor never goes back");
        this.#cursors.set(one.conversation, one.seq);
      }
    }
  }
}

const STEPS = [
  (world: World, which: number) => world.othersSay(which),
  (world: World, which: number) => world.weSay(which),
  (world: World) => world.send(),
  (world: World) => world.serverReads(),
  (world: World) => world.serverReadsOld(),
  (world: World) => world.clientReads(),
  (world: World) => world.fetch(),
  (world: World) => world.pageComes(),
  (world: World) => world.overflow(),
  (world: World) => world.swap(),
  (world: World) => world.disconnect(),
  (world: World) => world.connect(),
] as const;

Deno.test("CatchUp shows each message once and in order, whatever is dropped or broken off", () => {
  const step = fc.record({ kind: fc.nat(STEPS.length - 1), which: fc.nat(1) });
  const steps = fc.array(step, { maxLength: 120, size: "max" });
  fc.assert(
    fc.property(steps, (steps) => {
      const world = new World();
      for (const { kind, which } of steps) STEPS[kind]?.(world, which);
      world.settle();
      assert.ok(world.catchUp.complete);
      assert.equal(world.outgoing.size, 0);
      for (const [conversation, log] of world.log) {
        const mine = new Set(world.said.map(({ ulid }) => ulid));
        assert.deepEqual(
          world.shown.filter((message) => message.conversation === conversation),
          log.filter(({ ulid }) => !mine.has(ulid)),
        );
      }
      const said = world.said.map(({ ulid }) => ulid);
      assert.deepEqual([...world.acks].sort(), [...said].sort(), "each acknowledged once");
    }),
    { numRuns: 1500 },
  );
});

Deno.test("CatchUp keeps what was said in order through a break", () => {
  const world = new World();
  world.connect();
  for (let count = 0; count < 6; count++) world.weSay(0);
  for (let count = 0; count < 3; count++) world.send();
  world.serverReads();
  world.disconnect();
  world.settle();
  const stored = world.log.get(CONVERSATIONS[0]) ?? [];
  assert.deepEqual(stored.map(({ ulid }) => ulid), world.said.map(({ ulid }) => ulid));
});

Deno.test("CatchUp asks for a list when it meets a conversation in its middle", () => {
  const catchUp = new CatchUp(new SendQueue(NO_EVENTS));
  catchUp.listed([], false);
  const content = { kind: "text", body: "" };
  const ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  const message: Message = {
    type: "message",
    conversation: "room:tech",
    seq: 7,
    ulid,
    from: "bob",
    at: 0,
    content,
  };
  assert.deepEqual(catchUp.arrived(message), []);
  assert.ok(catchUp.needsList);
  const caught = catchUp.listed([{ conversation: "room:tech", seq: 7, mark: 6, unread: 1 }], false);
  assert.deepEqual(caught[0], { type: "message", message });
  assert.ok(!catchUp.needsList);
});

const TECH = "room:tech";

/** A message of somebody else's. */
function messageOf(seq: number, conversation = TECH): Message {
  const content = { kind: "text", body: `${seq}` };
  const ulid = `01JCXYZ00000000000000000${String(seq).padStart(2, "0")}`;
  return { type: "message", conversation, seq, ulid, from: "bob", at: seq, content };
}

function stateOf(seq: number, mark: number, conversation = TECH) {
  return { conversation, seq, mark, unread: 0 };
}

/** What has come out, in short. */
function inShort(caught: readonly CatchUpOutput[]): string[] {
  return caught.map((one) =>
    one.type === "cursor" ? `up to ${one.seq}` : `${one.type} ${seqOf(one)}`
  );
}

function seqOf(caught: Exclude<CatchUpOutput, { type: "cursor" }>): number {
  return caught.type === "message" ? caught.message.seq : caught.seq;
}

/** Somebody who is in nothing yet, and has been told so. */
function newcomer(): CatchUp {
  const catchUp = new CatchUp(new SendQueue(NO_EVENTS, { messages: 4, inFlight: 4 }));
  catchUp.listed([], false);
  return catchUp;
}

Deno.test("CatchUp.follow begins a conversation where its mark is, and fetches what follows", () => {
  const catchUp = newcomer();
  assert.deepEqual(inShort(catchUp.follow(stateOf(5, 3))), ["up to 3"]);
  assert.equal(catchUp.complete, false);
  assert.deepEqual(catchUp.next(), { conversation: TECH, after: 3 });
  assert.equal(catchUp.next(), undefined);
  assert.deepEqual(inShort(catchUp.fetched(messageOf(4))), ["message 4", "up to 4"]);
  assert.deepEqual(inShort(catchUp.fetched(messageOf(5))), ["message 5", "up to 5"]);
  catchUp.fetchEnded(TECH, false);
  assert.equal(catchUp.complete, true);
});

Deno.test("CatchUp.follow takes what came before it in order", () => {
  const catchUp = newcomer();
  assert.deepEqual(inShort(catchUp.arrived(messageOf(5))), []);
  assert.equal(catchUp.needsList, true);
  assert.deepEqual(inShort(catchUp.follow(stateOf(5, 4))), ["message 5", "up to 5"]);
  assert.equal(catchUp.complete, true);
});

Deno.test("CatchUp.follow of what is known goes on where it was, whatever the mark says", () => {
  const catchUp = newcomer();
  catchUp.follow(stateOf(2, 2));
  catchUp.arrived(messageOf(3));
  assert.deepEqual(inShort(catchUp.follow(stateOf(5, 0))), ["up to 3"]);
  assert.deepEqual(catchUp.next(), { conversation: TECH, after: 3 });
});

Deno.test("CatchUp.forget lets go of a conversation, and of the page that is on its way", () => {
  const catchUp = newcomer();
  catchUp.follow(stateOf(5, 0));
  catchUp.follow(stateOf(2, 1, "room:tea"));
  assert.deepEqual(catchUp.next(), { conversation: TECH, after: 0 });
  catchUp.forget(TECH);
  assert.deepEqual(inShort(catchUp.fetched(messageOf(1))), []);
  assert.deepEqual(inShort(catchUp.fetchEnded(TECH, true)), []);
  // Nothing else is forgotten, and the page that ended makes room for the next.
  assert.deepEqual(catchUp.next(), { conversation: "room:tea", after: 1 });
  assert.equal(catchUp.next(), undefined);
  catchUp.fetched(messageOf(2, "room:tea"));
  catchUp.fetchEnded("room:tea", false);
  assert.equal(catchUp.complete, true);
  // Coming into it again begins anew.
  assert.deepEqual(inShort(catchUp.follow(stateOf(7, 7))), ["up to 7"]);
  assert.deepEqual(inShort(catchUp.arrived(messageOf(8))), ["message 8", "up to 8"]);
});

Deno.test("CatchUp.forget of a conversation whose page then fails leaves room for others", () => {
  const catchUp = newcomer();
  for (let round = 0; round < 10; round++) {
    catchUp.follow(stateOf(5, 0));
    assert.deepEqual(catchUp.next(), { conversation: TECH, after: 0 }, `round ${round}`);
    catchUp.forget(TECH);
    catchUp.fetchFailed(TECH);
  }
});

Deno.test("CatchUp.fetchWithheld waits for nothing, until the server lists the conversation again", () => {
  const catchUp = newcomer();
  const dm = "dm:ann:bob";
  catchUp.follow(stateOf(3, 1, dm));
  assert.deepEqual(catchUp.next(), { conversation: dm, after: 1 });
  assert.deepEqual(inShort(catchUp.fetched(messageOf(2, dm))), ["message 2", "up to 2"]);
  catchUp.fetchWithheld(dm);
  assert.equal(catchUp.complete, true);
  assert.equal(catchUp.next(), undefined);
  assert.deepEqual(inShort(catchUp.follow(stateOf(3, 1, dm))), ["up to 2"]);
  assert.deepEqual(catchUp.next(), { conversation: dm, after: 2 });
});

Deno.test("CatchUp.fetchWithheld counts for less than a list that came meanwhile", () => {
  const catchUp = newcomer();
  const dm = "dm:ann:bob";
  catchUp.follow(stateOf(3, 1, dm));
  catchUp.next();
  catchUp.follow(stateOf(3, 1, dm));
  catchUp.fetchWithheld(dm);
  assert.equal(catchUp.complete, false);
  assert.deepEqual(catchUp.next(), { conversation: dm, after: 1 });
});

Deno.test("CatchUp.next fetches three pages at once, and the next when one has ended", () => {
  const catchUp = newcomer();
  const rooms = ["room:a", "room:b", "room:c", "room:d"];
  for (const room of rooms) catchUp.follow(stateOf(1, 0, room));
  const pages = [catchUp.next(), catchUp.next(), catchUp.next()];
  assert.deepEqual(pages.map((page) => page?.conversation), rooms.slice(0, 3));
  assert.equal(catchUp.next(), undefined);
  catchUp.fetchWithheld("room:b");
  assert.equal(catchUp.next()?.conversation, "room:d");
});
