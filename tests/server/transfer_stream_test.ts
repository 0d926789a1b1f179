import assert from "node:assert/strict";
import { closeCodeOf } from "../../protocol/errors.ts";
import type { ClientFrame, ServerFrame } from "../../protocol/frame.ts";
import { TIMES } from "../../protocol/limits.ts";
import { CLIENT_RULES } from "../../protocol/session/rules.ts";
import { fileOf, FileStream, upload, uploadOf } from "../helpers/files.ts";
import type { TestPeer } from "../helpers/peer.ts";
import { startSocketless } from "../helpers/socketless.ts";
import { VECTORS } from "../helpers/vectors.ts";

const FILE = fileOf(1, 100);
/** The `id` of the `upload`: the error frames repeat it. */
const RE = 1;

/** Writes frames on a stream; returns the last frame that comes back. */
async function exchange(peer: TestPeer, ...frames: ClientFrame[]): Promise<ServerFrame> {
  await using stream = await FileStream.open(peer);
  await stream.write(...frames);
  await stream.stream.end();
  let last: ServerFrame | undefined;
  for (let frame; (frame = await stream.next()) !== undefined;) last = frame;
  assert.ok(last !== undefined);
  return last;
}

function chunkOf(bytes: Uint8Array): ClientFrame {
  return { type: "chunk", bytes };
}

Deno.test("TransferStream refuses a chunk before a request", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  assert.deepEqual(await exchange(ann, chunkOf(FILE.bytes)), {
    type: "error",
    code: "bad_state",
    message: "A chunk frame is not allowed before a request.",
  });
});

Deno.test("TransferStream refuses a chunk that did not wait for ready", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  assert.deepEqual(await exchange(ann, uploadOf(FILE), chunkOf(FILE.bytes)), {
    type: "error",
    re: RE,
    code: "bad_state",
    message: "A chunk frame has to wait for ready.",
  });
  assert.equal(await upload(ann, FILE), "0, stored");
});

Deno.test("TransferStream refuses every frame after upload but chunk", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const others = VECTORS
    .flatMap(({ from, frame }) => from === "client" ? [frame] : [])
    .filter(({ type }) => type !== "chunk" && CLIENT_RULES[type].streams.includes("transfer"));
  assert.ok(others.length >= 4);
  for (const other of others) {
    await using stream = await FileStream.open(ann);
    await stream.write(uploadOf(FILE));
    assert.equal(await stream.ready(), 0);
    await stream.write(other);
    assert.deepEqual(await stream.next(), {
      type: "error",
      re: RE,
      code: "bad_state",
      message: `A ${other.type} frame is not allowed after upload: only chunk frames are.`,
    });
  }
});

Deno.test("TransferStream refuses more bytes than were announced, and stores none of them", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  {
    await using stream = await FileStream.open(ann);
    await stream.write(uploadOf(FILE));
    await stream.ready();
    await stream.chunks(FILE.bytes.subarray(0, 60), 60);
    await stream.chunks(FILE.bytes.subarray(0, 41), 41);
    assert.deepEqual(await stream.next(), {
      type: "error",
      re: RE,
      code: "bad_frame",
      message: "There are more bytes than the upload said.",
    });
  }
  assert.equal(await upload(ann, FILE), "60, stored");
});

Deno.test("TransferStream ends the session, and says so on its stream, after a frame that is none", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  await using stream = await FileStream.open(ann);
  await stream.write(uploadOf(FILE));
  await stream.ready();
  await stream.stream.write(Uint8Array.of(0, 0, 0, 1, 0xc1));
  assert.equal((await ann.next("error")).code, "frame_malformed");
  await server.pass(2 * TIMES.linger);
  assert.equal((await ann.closed()).code, closeCodeOf("frame_malformed"));
});

Deno.test("TransferStream ends without an answer where there is no request", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  assert.deepEqual(await ann.transfer(new Uint8Array()), []);
  assert.equal((await ann.ask({ type: "who" })).type, "users");
});

Deno.test("TransferStream is reset when a request does not come in time, and the session goes on", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  await using stream = await FileStream.open(ann);
  await stream.stream.write(Uint8Array.of(0, 0));
  for (let passed = 0; passed <= TIMES.answer; passed += 10_000) {
    await server.pass(10_000);
    await ann.ask({ type: "resolve", users: ["ann"] });
  }
  await assert.rejects(stream.next(), { name: "StreamError", code: closeCodeOf("silence") });
  assert.equal((await ann.ask({ type: "who" })).type, "users");
});
