import assert from "node:assert/strict";
import type { UploadFile } from "../../../client/files/file_store.ts";
import { InterruptedError } from "../../../client/files/interrupted_error.ts";
import { attemptUpload } from "../../../client/files/upload_attempt.ts";
import { RefusedError } from "../../../client/session/refused_error.ts";
import { LIMITS, TIMES } from "../../../protocol/limits.ts";
import { settle } from "../../helpers/fake_clock.ts";
import { fileOf } from "../../helpers/files.ts";
import type { ScriptedStream } from "../../helpers/scripted_stream.ts";
import { TransferScript } from "../../helpers/transfer_script.ts";

const FILE = fileOf(1, 2 * LIMITS.chunk + 10);
const { file, conversation, bytes, hash } = FILE;
const FIELDS = { file, conversation, size: bytes.length, hash };

function source(checks: number[] = []): Pick<UploadFile, "read" | "check"> {
  let position = 0;
  return {
    read: (buffer, offset) => {
      const piece = bytes.subarray(offset, offset + buffer.length);
      buffer.set(piece);
      position = offset + piece.length;
      return Promise.resolve(buffer.subarray(0, piece.length));
    },
    check: () => Promise.resolve(void checks.push(position)),
  };
}

Deno.test("attemptUpload sends what the server does not have, and checks the file before the end", async () => {
  const script = new TransferScript();
  const checks: number[] = [];
  const done = attemptUpload(source(checks), FIELDS, script.attempt);
  const stream = await script.stream();
  const request = await stream.next();
  assert.deepEqual(request, { type: "upload", id: 1, ...FIELDS });
  await stream.send({ type: "ready", re: 1, offset: LIMITS.chunk });
  const received: number[] = [];
  for (let frame; (frame = await stream.next()) !== undefined;) {
    assert.equal(frame.type, "chunk");
    if (frame.type === "chunk") received.push(...frame.bytes);
  }
  assert.deepEqual(new Uint8Array(received), bytes.subarray(LIMITS.chunk));
  assert.deepEqual(checks, [bytes.length]);
  await stream.send({ type: "stored", re: 1 });
  await done;
  assert.deepEqual([script.starts, script.transferred], [[LIMITS.chunk], LIMITS.chunk + 10]);
  assert.equal(script.clock.waiting, 0);
});

Deno.test("attemptUpload sends nothing of a file that the server has", async () => {
  const script = new TransferScript();
  const done = attemptUpload(source(), FIELDS, script.attempt);
  const stream = await script.stream();
  await stream.next();
  await stream.send(
    { type: "ready", re: 1, offset: bytes.length },
    { type: "stored", re: 1 },
  );
  assert.equal(await stream.next(), undefined);
  await done;
});

Deno.test("attemptUpload throws what the server refuses, at first and in the middle", async () => {
  for (const isReady of [false, true]) {
    const script = new TransferScript();
    const done = attemptUpload(source(), FIELDS, script.attempt);
    const refused = assert.rejects(done, (failure) => {
      return failure instanceof RefusedError && failure.code === "disk_full";
    });
    const stream = await script.stream();
    await stream.next();
    if (isReady) await stream.send({ type: "ready", re: 1, offset: 0 });
    await stream.send({ type: "error", re: 1, code: "disk_full", message: "full" });
    await stream.end();
    await refused;
    assert.equal(script.clock.waiting, 0);
  }
});

Deno.test("attemptUpload is interrupted by what another attempt may overcome", async () => {
  const interruptions: readonly ((script: TransferScript, stream: ScriptedStream) => unknown)[] = [
    (_, stream) => stream.send({ type: "error", re: 1, code: "busy", message: "busy" }),
    (_, stream) => stream.send({ type: "error", re: 1, code: "draining", message: "bye" }),
    (_, stream) => stream.end(),
    (script) => script.cut(),
    (script) => script.clock.pass(TIMES.answer),
  ];
  for (const [index, interrupt] of interruptions.entries()) {
    const script = new TransferScript();
    const done = attemptUpload(source(), FIELDS, script.attempt);
    const interrupted = assert.rejects(done, InterruptedError, `interruption ${index}`);
    const stream = await script.stream();
    await stream.next();
    await interrupt(script, stream);
    await settle();
    // It waits a moment for the server's reason.
    await script.clock.pass(1000);
    await interrupted;
    assert.equal(script.clock.waiting, 0, `interruption ${index}`);
  }
});

Deno.test("attemptUpload ends when the transfer is stopped", async () => {
  const script = new TransferScript();
  const done = attemptUpload(source(), FIELDS, script.attempt);
  const ended = assert.rejects(done, InterruptedError);
  const stream = await script.stream();
  await stream.next();
  script.stop();
  await ended;
  assert.equal(script.clock.waiting, 0);
});

Deno.test("attemptUpload does not finish a file that has changed", async () => {
  const script = new TransferScript();
  const changed = new RefusedError("file_changed", "changed");
  const file = { ...source(), check: () => Promise.reject(changed) };
  const done = assert.rejects(attemptUpload(file, FIELDS, script.attempt), changed);
  const stream = await script.stream();
  await stream.next();
  await stream.send({ type: "ready", re: 1, offset: 2 * LIMITS.chunk });
  await assert.rejects(stream.next(), "the stream is reset");
  await done;
});
