import assert from "node:assert/strict";
import { attemptDownload } from "../../../client/files/download_attempt.ts";
import { InterruptedError } from "../../../client/files/interrupted_error.ts";
import { RefusedError } from "../../../client/session/refused_error.ts";
import type { ServerFrame } from "../../../protocol/frame.ts";
import { TIMES } from "../../../protocol/limits.ts";
import { settle } from "../../helpers/fake_clock.ts";
import { ulidOf } from "../../helpers/messages.ts";
import type { ScriptedStream } from "../../helpers/scripted_stream.ts";
import { TransferScript } from "../../helpers/transfer_script.ts";

const NOTE = { file: ulidOf(1), size: 100 };

/** A file of which so many bytes are written. */
function target(length = 0) {
  return {
    length,
    append(bytes: Uint8Array): Promise<void> {
      this.length += bytes.length;
      return Promise.resolve();
    },
  };
}

function chunk(length: number): ServerFrame {
  return { type: "chunk", bytes: new Uint8Array(length) };
}

Deno.test("attemptDownload appends what is missing", async () => {
  const script = new TransferScript();
  const file = target(40);
  const done = attemptDownload(file, NOTE, script.attempt);
  const stream = await script.stream();
  assert.deepEqual(await stream.next(), {
    type: "download",
    id: 1,
    file: NOTE.file,
    offset: 40,
  });
  assert.equal(await stream.next(), undefined, "the client's side has ended");
  await stream.send(chunk(50), chunk(10), { type: "end", re: 1, more: false });
  await done;
  assert.equal(file.length, 100);
  assert.deepEqual([script.starts, script.transferred], [[40], 60]);
  assert.equal(script.clock.waiting, 0);
});

Deno.test("attemptDownload asks for nothing when the file is there", async () => {
  const script = new TransferScript();
  await attemptDownload(target(100), NOTE, script.attempt);
  assert.deepEqual(script.starts, [100]);
});

Deno.test("attemptDownload throws what the server refuses, and a file of another size", async () => {
  const refusals: readonly (readonly [code: string, frame: ServerFrame])[] = [
    ["no_such_file", { type: "error", re: 1, code: "no_such_file", message: "gone" }],
    ["damaged_file", chunk(101)],
    ["damaged_file", { type: "end", re: 1, more: false }],
  ];
  for (const [code, frame] of refusals) {
    const script = new TransferScript();
    const done = attemptDownload(target(), NOTE, script.attempt);
    const refused = assert.rejects(done, (failure) => {
      return failure instanceof RefusedError && failure.code === code;
    });
    const stream = await script.stream();
    await stream.next();
    await stream.send(frame);
    await refused;
    assert.equal(script.clock.waiting, 0);
  }
});

Deno.test("attemptDownload is interrupted by what another attempt may overcome", async () => {
  const interruptions: readonly ((script: TransferScript, stream: ScriptedStream) => unknown)[] = [
    (_, stream) => stream.send({ type: "error", re: 1, code: "busy", message: "busy" }),
    (_, stream) => stream.end(),
    (script) => script.cut(),
    (script) => script.clock.pass(TIMES.answer),
    (script) => script.stop(),
  ];
  for (const [index, interrupt] of interruptions.entries()) {
    const script = new TransferScript();
    const file = target();
    const done = attemptDownload(file, NOTE, script.attempt);
    const interrupted = assert.rejects(done, InterruptedError, `interruption ${index}`);
    const stream = await script.stream();
    await stream.next();
    await stream.send(chunk(30));
    await settle();
    await interrupt(script, stream);
    await interrupted;
    assert.equal(file.length, 30, "what was written stays");
    assert.equal(script.clock.waiting, 0, `interruption ${index}`);
  }
});
