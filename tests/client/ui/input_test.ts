import assert from "node:assert/strict";
import { PassThrough, Writable } from "node:stream";
import { Input, type InputStream } from "../../../client/ui/input.ts";
import { settle } from "../../helpers/fake_clock.ts";

/** A terminal: what was put on its screen, and whether it is raw. */
class Terminal extends PassThrough implements InputStream {
  readonly isTTY: boolean;
  readonly modes: boolean[] = [];
  screen = "";

  constructor(isTTY = true) {
    super();
    this.isTTY = isTTY;
  }

  setRawMode(raw: boolean): void {
    this.modes.push(raw);
  }
}

function input(isTTY = true): { terminal: Terminal; input: Input } & Disposable {
  const terminal = new Terminal(isTTY);
  const stderr = new Writable({
    write(chunk, _, done) {
      terminal.screen += chunk;
      done();
    },
  });
  const made = new Input({ stdin: terminal, stderr });
  return { terminal, input: made, [Symbol.dispose]: () => made.close() };
}

Deno.test("Input gives lines, whatever the chunks, and the last without an end", async () => {
  using made = input();
  const bytes = new TextEncoder().encode("one\r\ntwö\n\nlast");
  for (const byte of bytes) made.terminal.write(Uint8Array.of(byte));
  made.terminal.end();
  const lines: (string | undefined)[] = [];
  for (let count = 0; count < 5; count++) lines.push(await made.input.line());
  assert.deepEqual(lines, ["one", "twö", "", "last", undefined]);
});

Deno.test("Input cuts a line that is too long, and goes on with the next", async () => {
  using made = input();
  made.terminal.write("x".repeat(300_000));
  made.terminal.end("\nnext\n");
  assert.equal((await made.input.line())?.length, 64 * 1024);
  assert.equal(await made.input.line(), "next");
});

Deno.test("Input gives up waiting when the signal fires, and loses nothing", async () => {
  using made = input();
  const controller = new AbortController();
  const line = made.input.line(controller.signal);
  await settle();
  controller.abort();
  assert.equal(await line, undefined);
  made.terminal.write("typed later\n");
  assert.equal(await made.input.line(), "typed later");
});

Deno.test("Input gives half a line that nobody waited for any more to the next", async () => {
  using made = input();
  const controller = new AbortController();
  const line = made.input.line(controller.signal);
  made.terminal.write("half ");
  await settle();
  controller.abort();
  assert.equal(await line, undefined);
  made.terminal.write("a line\n");
  assert.equal(await made.input.line(), "half a line");
});

Deno.test("Input gives what is typed to the question, and what follows to who waited", async () => {
  using made = input();
  const line = made.input.line();
  await settle();
  const secret = made.input.askSecret("Password: ");
  const name = made.input.ask("Name: ");
  made.terminal.write("pass");
  await settle();
  made.terminal.write(" word\rann\nhello\n");
  assert.equal(await secret, "pass word");
  assert.equal(await name, "ann");
  assert.equal(await line, "hello");
});

Deno.test("Input.askSecret is raw before it asks, and never after", async () => {
  using made = input();
  const secret = made.input.askSecret("Password: ");
  assert.deepEqual([made.terminal.modes, made.terminal.screen], [[true], "Password: "]);
  made.terminal.write("pass word\r");
  assert.equal(await secret, "pass word");
  assert.deepEqual(made.terminal.modes, [true, false]);
  assert.equal(made.terminal.screen, "Password: \n", "nothing of it is echoed");
});

const EDITED: readonly (readonly [what: string, typed: string, secret: string | undefined])[] = [
  ["UTF-8", "pässwörd🔑\r", "pässwörd🔑"],
  ["backspace over a whole character", "a🔑\u007fb\r", "ab"],
  ["backspace at the start", "\u007f\u0008a\r", "a"],
  ["Ctrl-U", "wrong\u0015right\r", "right"],
  ["arrows and other keys", "a\u001b[D\u001b[1;5C\u001bOPb\r", "ab"],
  ["other control characters", "a\u0001\tb\r", "ab"],
  ["a line feed for the end", "a\n", "a"],
  ["Ctrl-D after something", "a\u0004b\r", "ab"],
  ["Ctrl-D alone", "\u0004", undefined],
  ["nothing", "\r", ""],
];

for (const [what, typed, secret] of EDITED) {
  Deno.test(`Input.askSecret takes ${what}`, async () => {
    using made = input();
    const asked = made.input.askSecret("");
    // A byte at a time, except for what a key sends at once.
    if (typed.includes("\u001b")) made.terminal.write(typed);
    else {for (const byte of new TextEncoder().encode(typed)) {
        made.terminal.write(Uint8Array.of(byte));
      }}
    assert.equal(await asked, secret);
    assert.deepEqual(made.terminal.modes, [true, false]);
  });
}

Deno.test("Input.askSecret restores the terminal on Ctrl-C, the end of input and a signal", async () => {
  const ways: ((terminal: Terminal, controller: AbortController) => void)[] = [
    (terminal) => terminal.write("half\u0003"),
    (terminal) => terminal.end("half"),
    (_, controller) => controller.abort(),
  ];
  for (const way of ways) {
    using made = input();
    const controller = new AbortController();
    const asked = made.input.askSecret("", controller.signal);
    await settle();
    way(made.terminal, controller);
    assert.equal(await asked, undefined);
    assert.deepEqual(made.terminal.modes, [true, false]);
  }
  using made = input();
  assert.equal(made.input.interrupted.aborted, false);
  made.terminal.write("\u0003");
  await made.input.askSecret("");
  assert.equal(made.input.interrupted.aborted, true);
});

Deno.test("Input.askSecret reads a line where there is no terminal", async () => {
  using made = input(false);
  made.terminal.write("from a file\n");
  assert.equal(await made.input.askSecret("Password: "), "from a file");
  assert.deepEqual([made.terminal.modes, made.terminal.screen], [[], ""]);
});

Deno.test("Input.close ends what is being waited for", async () => {
  using made = input();
  const line = made.input.line();
  await settle();
  made.input.close();
  assert.equal(await line, undefined);
});
