import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { Screen } from "../../../../client/ui/tui/screen.ts";

/** A terminal of no intelligence: it keeps what was written. */
class Output extends Writable {
  columns = 80;
  rows = 24;
  text = "";

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.text += new TextDecoder().decode(chunk);
    done();
  }

  /** What was written since it was asked last. */
  take(): string {
    const { text } = this;
    this.text = "";
    return text;
  }
}

const FRAME = { rows: ["status", "> abc"], cursor: { row: 1, column: 5 } };

Deno.test("Screen draws over what it drew, and writes lines above it once", async () => {
  const output = new Output();
  const screen = new Screen(output);
  screen.open();
  await screen.draw(FRAME, ["one", "two"]);
  // The terminal cuts lines that are too wide, and wraps nothing.
  assert.ok(output.take().includes("\u001b[?7lone\r\ntwo\r\n\u001b[?7hstatus"));
  await screen.draw(FRAME, []);
  const again = output.take();
  assert.doesNotMatch(again, /one|two/);
  // From the second row up to the first.
  assert.ok(again.includes("\r\u001b[1Astatus"), JSON.stringify(again));
});

Deno.test("Screen finds the top of what a narrower window has wrapped", async () => {
  const output = new Output();
  const screen = new Screen(output);
  screen.open();
  await screen.draw({ rows: ["x".repeat(79), "> "], cursor: { row: 1, column: 2 } });
  output.take();
  output.columns = 40;
  screen.resized();
  assert.equal(output.take(), "\r\u001b[2A\u001b[J");
});

Deno.test("Screen gives back every mode that it took, once", async () => {
  const output = new Output();
  const screen = new Screen(output);
  screen.open();
  await screen.draw(FRAME);
  const written = output.take();
  screen.close();
  screen.close();
  const farewell = output.take();
  // deno-lint-ignore no-control-regex -- that is how modes are set
  for (const [, mode = ""] of written.matchAll(/\u001b\[\?(\d+)h/g)) {
    if (mode === "25" || mode === "2026") continue;
    assert.ok(farewell.includes(`\u001b[?${mode}l`), mode);
  }
  assert.ok(farewell.endsWith("\u001b[?25h"));
  assert.equal(screen.restoreSequence(), "");
  assert.equal(await screen.draw(FRAME), true);
  assert.equal(output.take(), "", "nothing is drawn any more");
});
