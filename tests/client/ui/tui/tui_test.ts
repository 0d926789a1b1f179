/** The interface with a terminal that the test holds at both ends. */
import assert from "node:assert/strict";
import { Writable } from "node:stream";
import type { ChatEvent } from "../../../../client/events.ts";
import { INITIAL, reduce } from "../../../../client/state.ts";
import { Tui } from "../../../../client/ui/tui/tui.ts";
import { FakeClock } from "../../../helpers/fake_clock.ts";

class Output extends Writable {
  columns = 80;
  rows = 24;
  text = "";

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.text += new TextDecoder().decode(chunk);
    done();
  }
}

const CONNECTED: ChatEvent = {
  event: "connected",
  transport: "quic",
  address: "localhost:4433",
  pin: "SHA256:",
  version: 1,
  resumed: false,
};

class Sitting implements Disposable {
  readonly clock = new FakeClock();
  readonly output = new Output();
  readonly typed: string[] = [];
  left = 0;
  raw: boolean[] = [];
  readonly tui: Tui;
  #keys: ((text: string | undefined) => void) | undefined;

  constructor() {
    this.tui = new Tui({
      input: {
        text: () => new Promise((resolve) => this.#keys = resolve),
        setRaw: (raw) => void this.raw.push(raw),
      },
      output: this.output,
      clock: this.clock,
      style: { colors: false },
      terminal: { term: "xterm", program: "" },
      state: reduce(INITIAL, CONNECTED),
      type: (line) => void this.typed.push(line),
      leave: () => void this.left++,
    });
    this.tui.open();
    void this.tui.read();
  }

  /** Presses keys, as the terminal sends them, and returns what was written. */
  async press(text: string): Promise<string> {
    this.#keys?.(text);
    await new Promise((resolve) => setTimeout(resolve, 0));
    return this.take();
  }

  /** Shows events, and returns what was written. */
  async show(...events: ChatEvent[]): Promise<string> {
    for (const event of events) await this.tui.show(event);
    await this.clock.pass(50);
    return this.take();
  }

  take(): string {
    const { text } = this.output;
    this.output.text = "";
    // deno-lint-ignore no-control-regex -- weights are not what is tested here
    return text.replaceAll(/\u001b\[\d+m/g, "");
  }

  [Symbol.dispose](): void {
    this.tui.close();
    this.#keys?.(undefined);
  }
}

const SIGNED_IN: ChatEvent = { event: "authenticated", user: "ann", number: 1, created: false };

/** When the clock begins. */
const NOW = 1_800_000_000_000;

function message(text: string): ChatEvent {
  return {
    event: "message",
    conversation: "room:general",
    seq: 1,
    id: "01J00000000000000000000001",
    from: "bob",
    text,
    at: new Date(NOW).toISOString(),
  };
}

Deno.test("Tui asks for rooms and groups by itself, and shows only what a person asked for", async () => {
  using sitting = new Sitting();
  assert.deepEqual(sitting.typed, ["/rooms", "/groups"]);
  const rooms: ChatEvent = {
    event: "rooms",
    rooms: [{ conversation: "room:tech", people: 1, topic: "", member: false }],
  };
  assert.doesNotMatch(await sitting.show(SIGNED_IN, rooms), /#tech/);
  assert.match(await sitting.press("/join te\t"), /> \/join tech/);
  assert.match(await sitting.show(rooms), /#tech \(1 person\)/);
});

Deno.test("Tui hands on what is typed, and opens the newest sealed message on an empty line", async () => {
  using sitting = new Sitting();
  sitting.typed.length = 0;
  await sitting.press("hello\r\r");
  assert.deepEqual(sitting.typed, ["hello"]);
  const sealed: ChatEvent = {
    event: "sealed",
    number: 7,
    conversation: "dm:ann:bob",
    seq: 1,
    id: "01J00000000000000000000001",
    from: "bob",
    at: new Date().toISOString(),
  };
  await sitting.show(SIGNED_IN, sealed);
  await sitting.press("\r");
  assert.deepEqual(sitting.typed, ["hello", "/open 7"]);
});

Deno.test("Tui asks without drawing the answer, and gives the line back as it was", async () => {
  using sitting = new Sitting();
  await sitting.press("a draft");
  const key = sitting.tui.prompts.passphrase("open", "bob");
  const asked = await sitting.press("Tr0ub4dor");
  assert.match(asked, /Key of the message from bob \(not shown\)/);
  assert.doesNotMatch(asked, /Tr0ub|a draft/);
  assert.match(await sitting.press("\r"), /> a draft/);
  assert.equal(await key, "Tr0ub4dor");
});

Deno.test("Tui marks once where somebody stopped to look, and counts until a key is pressed", async () => {
  using sitting = new Sitting();
  await sitting.show(SIGNED_IN);
  await sitting.press("\u001b[O");
  const written = await sitting.show(message("one"), message("two"), message("three"));
  assert.equal(written.match(/new since \d\d:\d\d ──/g)?.length, 1);
  assert.match(written, /3 new since/);
  assert.match(await sitting.press("\u001b[I"), /3 new since/);
  assert.doesNotMatch(await sitting.press("x"), /new since/);
  assert.doesNotMatch(await sitting.show(message("four")), /new since/);
});

Deno.test("Tui rings for one's own name, and counts down to the next attempt", async () => {
  using sitting = new Sitting();
  await sitting.show(SIGNED_IN);
  const rung = await sitting.show(message("ann?"));
  assert.ok(rung.includes("\u0007"));
  const lost: ChatEvent = { event: "notice", code: "reconnecting", text: "Lost.", in: 3 };
  assert.match(await sitting.show(lost), /reconnecting in 3 s/);
  await sitting.clock.pass(1050);
  assert.match(sitting.take(), /reconnecting in 2 s/);
  assert.match(await sitting.show(CONNECTED), /quic/);
});

Deno.test("Tui leaves at Ctrl-C and at Ctrl-D on an empty line, and gives the terminal back", async () => {
  using sitting = new Sitting();
  await sitting.press("x\u0004");
  assert.equal(sitting.left, 0);
  await sitting.press("\u0015\u0004");
  await sitting.press("\u0003");
  assert.equal(sitting.left, 2);
  sitting.tui.close();
  assert.deepEqual(sitting.raw, [true, false]);
  assert.match(sitting.take(), /\[\?2004l/);
  assert.equal(sitting.tui.farewell(), "");
});
