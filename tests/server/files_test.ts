/** Files through a whole server, over every transport. */
import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { parsePin } from "../../certs/fingerprint.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { engine as quiche } from "../../protocol/transport/quiche/engine.ts";
import { engine as tls } from "../../protocol/transport/tls/engine.ts";
import { ALPN } from "../../protocol/version.ts";
import { sizesIn } from "../helpers/blobs.ts";
import {
  download,
  fileOf,
  FileStream,
  hashOf,
  upload,
  uploadOf,
  wordOf,
} from "../helpers/files.ts";
import { TestPeer } from "../helpers/peer.ts";
import { startTestServer, type TestServer } from "../helpers/server.ts";

const SIZE = 3 * 1024 * 1024 + 1;

const SIGN_IN = {
  builtin: (server: TestServer, name: string) => TestPeer.signIn(server, name),
  quiche: (server: TestServer, name: string) => dial(quiche, server, server.address.port, name),
  tls: (server: TestServer, name: string) => dial(tls, server, server.tlsPort ?? 0, name),
};

async function dial(
  engine: typeof quiche,
  { address, pin }: TestServer,
  port: number,
  name: string,
): Promise<TestPeer> {
  const hash = parsePin(pin);
  assert.ok(hash);
  const hashes = [hash];
  const verify = () => true;
  const { hostname } = address;
  const connection = await engine.dial({ hostname, port, alpn: [ALPN], hashes, verify });
  const peer = new TestPeer(connection, await connection.openStream());
  await peer.hello();
  await peer.login(name);
  return peer;
}

/** Waits until so much of the only file is on the disk. */
async function arrived(data: string, bytes: number) {
  while (((await sizesIn(join(data, "files")))[0] ?? 0) < bytes) {
    await new Promise((wait) => setTimeout(wait, 5));
  }
}

for (
  const [engine, client] of [
    ["builtin", "builtin"],
    ["builtin", "quiche"],
    ["quiche", "builtin"],
    ["quiche", "quiche"],
    ["builtin", "tls"],
  ] as const
) {
  const signIn = SIGN_IN[client];

  Deno.test(`A file goes to a server on ${engine} and back, through a break, by ${client}`, async () => {
    await using server = await startTestServer({ engine, tlsPort: 0 });
    const file = fileOf(1, SIZE);
    {
      await using ann = await signIn(server, "ann");
      const stream = await FileStream.open(ann);
      await stream.write(uploadOf(file));
      assert.equal(await stream.ready(), 0);
      await stream.chunks(file.bytes.subarray(0, 1_000_000));
      await arrived(server.data, 1);
    }
    await using ann = await signIn(server, "ann");
    await using bob = await signIn(server, "bob");
    const [, offset, word] = /^(\d+), (.*)$/.exec(await upload(ann, file)) ?? [];
    assert.equal(word, "stored");
    assert.ok(Number(offset) > 0 && Number(offset) <= 1_000_000, `went on from ${offset}`);
    for (const from of [0, SIZE - 5, 1_234_567]) {
      const [last, bytes] = await download(bob, file.file, from);
      assert.equal(last, "end");
      assert.deepEqual(hashOf(bytes), hashOf(file.bytes.subarray(from)));
    }
  });
}

for (const engine of ["builtin", "quiche"] as const) {
  Deno.test(`An upload to a server on ${engine} hears why it is refused while it is still sending`, async () => {
    await using server = await startTestServer({ engine });
    await using ann = await TestPeer.signIn(server, "ann");
    const file = fileOf(1, SIZE);
    await using stream = await FileStream.open(ann);
    await stream.write(uploadOf({ ...file, bytes: file.bytes.subarray(0, LIMITS.chunk) }));
    await stream.ready();
    // Forty times as much as was said, and that is wrong: the server reads on until this is heard.
    const sending = stream.chunks(file.bytes).then(() => stream.stream.end(), () => {});
    assert.equal(wordOf(await stream.next()), "damaged_file");
    await sending;
    assert.equal(await stream.next(), undefined);
    assert.equal((await ann.ask({ type: "who" })).type, "users");
  });
}

Deno.test("startServer() makes files readable for their owner only, in a folder of their own", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using server = await startTestServer();
  await using ann = await TestPeer.signIn(server, "ann");
  const file = fileOf(1, 10);
  await upload(ann, file);
  const modeOf = async (...path: string[]) =>
    (await stat(join(server.data, "files", ...path))).mode & 0o777;
  assert.equal(await modeOf(), 0o700);
  const [blob = ""] = await readdir(join(server.data, "files"));
  assert.equal(await modeOf(blob), 0o600);
});

Deno.test("startServer() takes its bounds on files from its options", async () => {
  await using server = await startTestServer({ quota: "3K", maxFile: "2K" });
  await using ann = await TestPeer.signIn(server, "ann");
  assert.equal(await upload(ann, fileOf(1, 2_049)), "file_too_large");
  assert.equal(await upload(ann, fileOf(2, 2_048)), "0, stored");
  assert.equal(await upload(ann, fileOf(3, 1_025)), "quota_exceeded");
  assert.equal(await upload(ann, fileOf(4, 1_024)), "0, stored");
});

Deno.test("A server that stops in the middle of an upload goes on from there when it is back", async () => {
  const data = await Deno.makeTempDir({ prefix: "sotto-files-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(data, { recursive: true }));
  const file = fileOf(1, SIZE);
  {
    await using server = await startTestServer({ data });
    await using ann = await TestPeer.signIn(server, "ann");
    const stream = await FileStream.open(ann);
    await stream.write(uploadOf(file));
    await stream.ready();
    await stream.chunks(file.bytes.subarray(0, 500_000));
    await arrived(data, 400_000);
    await server.stop();
    assert.ok(!server.log.some((line) => line.includes('"level":"error"')), server.log.join("\n"));
  }
  await using server = await startTestServer({ data });
  await using ann = await TestPeer.signIn(server, "ann");
  assert.match(await upload(ann, file), /^[45]\d{5}, stored$/);
  assert.deepEqual(hashOf((await download(ann, file.file))[1]), file.hash);
});
