import assert from "node:assert/strict";
import fc from "fast-check";
import { CatchUp, type CatchUpOutput, type Page } from "../../../client/messages/catch_up.ts";
import { type OutgoingMessage, SendQueue } from "../../../client/messages/send_queue.ts";
import type { Message, ServerFrame } from "../../../protocol/frame.ts";

const CONVERSATIONS = ["room:general", "dm:ann:bob"] as const;
const PAGE_SIZE = 3;
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
  #fetches: { page: Page; messages?: Message[]; more?: boolean }[] = [];
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
    if (page !== undefined) this.#fetches.push({ page });
  }

  pageComes(): void {
    const fetch = this.#fetches[0];
    if (fetch === undefined) return;
    const { page } = fetch;
    if (fetch.messages === undefined) {
      const all = this.#logOf(page.conversation).filter(({ seq }) => seq > page.after);
      fetch.messages = all.slice(0, PAGE_SIZE);
      fetch.more = all.length > PAGE_SIZE;
    }
    const message = fetch.messages.shift();
    if (message !== undefined) return this.#took(this.catchUp.fetched(page, message));
    this.#fetches.shift();
    this.#took(this.catchUp.fetchEnded(page, fetch.more ?? false));
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
    for (const { page } of this.#fetches) this.catchUp.fetchFailed(page);
    this.#fetches = [];
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
