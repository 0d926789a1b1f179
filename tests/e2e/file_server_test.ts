/**
 * Files and a server that is a program of its own: it is killed in the middle of one, and it does
 * not grow with them. The client speaks frames, and keeps nothing itself.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeFrame } from "../../protocol/codec.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { GENERAL } from "../../protocol/names.ts";
import { sizesIn } from "../helpers/blobs.ts";
import { download, fileOf, FileStream, hashOf, upload, uploadOf } from "../helpers/files.ts";
import { Sandbox, type ServerProgram } from "../helpers/sandbox.ts";
import { ulidOf } from "../helpers/messages.ts";
import { TestPeer } from "../helpers/peer.ts";
import { poll } from "../helpers/within.ts";

const MIB = 1024 * 1024;
/** More than a server may grow, twice over. */
const LARGE = 128 * MIB;
const GROWTH = 64 * MIB;

function signIn({ port, pin }: ServerProgram, name: string): Promise<TestPeer> {
  return TestPeer.signIn({ address: { hostname: "127.0.0.1", port }, pin }, name);
}

Deno.test("sotto server continues an upload where it was killed", async () => {
  await using sandbox = await Sandbox.make();
  const file = fileOf(1, 4 * MIB);
  const first = await sandbox.server();
  await using ann = await signIn(first, "ann");
  const stream = await FileStream.open(ann);
  await stream.write(uploadOf(file));
  await stream.ready();
  await stream.chunks(file.bytes.subarray(0, 2 * MIB));
  const blobs = join(sandbox.folder, "data", "files");
  await poll(async () => (await sizesIn(blobs)).some((size) => size >= MIB) || undefined, "a MiB");
  first.program.kill("SIGKILL");
  await first.program.exit();

  const second = await sandbox.server({ port: first.port });
  await using again = await signIn(second, "ann");
  const [, offset, word] = /^(\d+), (.*)$/.exec(await upload(again, file)) ?? [];
  assert.equal(word, "stored");
  assert.ok(Number(offset) >= MIB, `went on from ${offset}`);
  assert.deepEqual(hashOf((await download(again, file.file))[1]), file.hash);
});

for (const engine of ["builtin", "quiche"]) {
  Deno.test(`sotto server (${engine}) keeps its memory use constant while files pass`, {
    ignore: Deno.build.os !== "linux", // Elsewhere nothing tells it as simply.
  }, async () => {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server({ args: ["--engine", engine] });
    await using ann = await signIn(server, "ann");
    const before = await memoryOf(server.program.pid);
    let most = 0;
    const look = async () => most = Math.max(most, await memoryOf(server.program.pid));

    const hash = createHash("sha256");
    for (let number = 0; number * LIMITS.chunk < LARGE; number++) hash.update(pieceOf(number));
    const digest = hash.digest();
    const file = { file: ulidOf(1), conversation: GENERAL, size: LARGE };
    {
      await using stream = await FileStream.open(ann);
      await stream.write({ type: "upload", id: 1, ...file, hash: new Uint8Array(digest) });
      assert.equal(await stream.ready(), 0);
      for (let number = 0; number * LIMITS.chunk < LARGE; number++) {
        await stream.stream.write(encodeFrame({ type: "chunk", bytes: pieceOf(number) }));
        if (number % 100 === 0) await look();
      }
      assert.equal((await stream.next())?.type, "stored");
    }
    {
      await using stream = await FileStream.open(ann);
      await stream.write({ type: "download", id: 2, file: file.file, offset: 0 });
      const received = createHash("sha256");
      for (let number = 0;; number++) {
        const frame = await stream.next();
        if (frame?.type !== "chunk") break;
        received.update(frame.bytes);
        if (number % 100 === 0) await look();
      }
      assert.ok(received.digest().equals(digest));
    }
    assert.ok(most > before && most - before < GROWTH, `from ${before} to ${most} bytes`);
  });
}

/** A piece of a file of which no two pieces are alike. */
function pieceOf(number: number): Uint8Array {
  const left = LARGE - number * LIMITS.chunk;
  const piece = new Uint8Array(Math.min(left, LIMITS.chunk)).fill(number);
  new DataView(piece.buffer).setUint32(0, number);
  return piece;
}

/** Bytes of memory that a process holds (proc(5)). */
async function memoryOf(pid: number): Promise<number> {
  const [, kibibytes] = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1024;
}
