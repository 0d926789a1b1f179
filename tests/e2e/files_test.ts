/**
 * Files from person to person, with the programs that people run: offered, accepted, resumed after
 * whatever breaks, and written where they belong.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DiskFiles } from "../../client/platform/disk_files.ts";
import { encodeFileContent } from "../../protocol/file_content.ts";
import { startTestChat } from "../helpers/client.ts";
import { fileOf, hashOf, upload } from "../helpers/files.ts";
import { HastyClock } from "../helpers/hasty_clock.ts";
import { Sandbox, type ServerProgram, SOTTO } from "../helpers/sandbox.ts";
import type { Program } from "../helpers/program.ts";
import { TestPeer } from "../helpers/peer.ts";
import { hasTerminal, Terminal } from "../helpers/terminal.ts";
import { UdpRelay } from "../helpers/udp_relay.ts";
import { poll } from "../helpers/within.ts";

const MIB = 1024 * 1024;
const BYTES = new Uint8Array(randomBytes(300_000));

function downloads(sandbox: Sandbox, person: string): string {
  return join(sandbox.folder, person, "downloads");
}

async function fileIn(sandbox: Sandbox, name: string, bytes: Uint8Array = BYTES): Promise<string> {
  const path = join(sandbox.folder, name);
  await writeFile(path, bytes);
  return path;
}

async function bytesAt(path: unknown): Promise<Uint8Array> {
  return new Uint8Array(await readFile(String(path)));
}

Deno.test("sotto client uploads a file, offers it, and downloads it when the offer is accepted", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  const bob = await sandbox.signIn("bob", server);
  await mkdir(downloads(sandbox, "bob"), { recursive: true });
  await writeFile(join(downloads(sandbox, "bob"), "my plan.pdf"), "another");
  ann.writeLine(`/send @bob ${await fileIn(sandbox, "my plan.pdf")}`);
  const offer = await bob.event({ event: "offer", from: "ann" });
  assert.deepEqual([offer["name"], offer["size"]], ["my plan.pdf", BYTES.length]);
  await ann.event({ event: "file", direction: "up", id: offer["id"] });
  await ann.event({ event: "ack", id: offer["id"] });
  bob.writeLine(`/accept ${offer["number"]}`);
  const { path } = await bob.event({ event: "file", direction: "down", id: offer["id"] });
  assert.equal(path, join(downloads(sandbox, "bob"), "my plan (1).pdf"));
  assert.deepEqual(await bytesAt(path), BYTES);
  assert.equal(await readFile(join(downloads(sandbox, "bob"), "my plan.pdf"), "utf8"), "another");

  for (
    const [line, code] of [
      [`/send bob ${sandbox.folder}`, "not_a_file"],
      ["/send bob ./nothing", "no_file"],
      ["/send bob", "bad_command"],
      ["/accept 99", "unknown_file"],
    ] as const
  ) {
    ann.writeLine(line);
    await ann.event({ event: "error", code });
  }
});

Deno.test("sotto client finishes uploads at the end of its input", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const bob = await sandbox.signIn("bob", server);
  bob.end();
  assert.equal(await bob.exit(), 0);
  const ann = await sandbox.signIn("ann", server);
  ann.writeLine(`/send bob ${await fileIn(sandbox, "plan.pdf")}`);
  ann.end();
  assert.equal(await ann.exit(), 0);
  await ann.event({ event: "ack", conversation: "dm:ann:bob" });

  const again = await sandbox.signIn("bob", server, "--auto-accept", "1M");
  again.end();
  assert.equal(await again.exit(), 0);
  const { path } = await again.event({ event: "file", direction: "down" });
  assert.deepEqual(await bytesAt(path), BYTES);
});

Deno.test("sotto client offers a file in a room to all its members", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const [ann, bob, cat] = await Promise.all(
    ["ann", "bob", "cat"].map((name) => sandbox.signIn(name, server)),
  );
  assert.ok(ann && bob && cat);
  for (const person of [ann, bob, cat]) {
    person.writeLine("/join tech");
    await person.event({ event: "room", conversation: "room:tech" });
  }
  ann.writeLine(`/send #tech ${await fileIn(sandbox, "plan.pdf")}`);
  for (const person of [bob, cat]) {
    await person.event({ event: "offer", conversation: "room:tech", name: "plan.pdf" });
    person.writeLine("/accept");
    const { path } = await person.event({ event: "file", direction: "down" });
    assert.deepEqual(await bytesAt(path), BYTES);
  }
});

Deno.test("sotto client reports an unfinished upload at Ctrl-C, and continues it later", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  await using relay = new UdpRelay({ hostname: "127.0.0.1", port: server.port });
  const bob = await sandbox.signIn("bob", server, "--auto-accept", "1G");
  const bytes = new Uint8Array(randomBytes(8 * MIB));
  const path = await fileIn(sandbox, "large", bytes);
  const ann = await sandbox.signIn("ann", { ...server, port: relay.port });
  let left = 3 * MIB;
  const stalled = Promise.withResolvers<void>();
  relay.filter = (datagram, direction) => {
    if (direction === "up") left -= datagram.length;
    if (left > 0) return datagram;
    stalled.resolve();
    return undefined;
  };
  ann.writeLine(`/send bob ${path}`);
  await stalled.promise;
  ann.kill("SIGINT");
  assert.equal(await ann.exit(), 1);
  assert.match(ann.stderr, /Left; 1 file was not transferred completely/);
  await ann.event({ event: "closed", code: "unfinished" });

  const again = await sandbox.signIn("ann", server);
  again.writeLine(`/send bob ${path}`);
  const begun = await again.event({ event: "progress", rate: 0 });
  assert.ok(Number(begun["transferred"]) > MIB, JSON.stringify(begun));
  const { path: written } = await bob.event({ event: "file", direction: "down", name: "large" });
  assert.deepEqual(await bytesAt(written), bytes);
});

Deno.test("sotto client continues transfers by itself when the server was killed", async () => {
  await using sandbox = await Sandbox.make();
  const first = await sandbox.server();
  const { port, pin } = first;
  const bytes = new Uint8Array(randomBytes(32 * MIB));
  const path = await fileIn(sandbox, "large", bytes);
  const folder = downloads(sandbox, "bob");
  const clock = new HastyClock();
  await using bob = await startTestChat({
    user: "bob",
    port,
    pin,
    clock,
    files: { store: new DiskFiles({ home: sandbox.folder, downloads: folder }) },
  });
  const files = { store: new DiskFiles({ home: sandbox.folder }) };
  await using ann = await startTestChat({ user: "ann", port, pin, clock, files });
  clock.hurry();
  const blobs = join(sandbox.folder, "data", "files");

  await ann.chat.type(`/send bob ${path}`);
  await whenIn(blobs, 2 * MIB);
  const second = await killAndStart(sandbox, first);
  await bob.event("offer");
  await bob.chat.type("/accept");
  await whenIn(folder, 2 * MIB);
  await killAndStart(sandbox, second);
  const { path: written } = await bob.event("file");
  assert.deepEqual(await bytesAt(written), bytes);
  for (const person of [ann, bob]) {
    const begun = person.all("progress").filter(({ rate }) => rate === 0);
    assert.ok((begun.at(-1)?.transferred ?? 0) >= MIB, JSON.stringify(begun));
    assert.deepEqual(person.all("error"), []);
  }
});

Deno.test("sotto client writes no hostile file name, and nothing outside its folder", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const bob = await sandbox.signIn("bob", server, "--auto-accept", "1M");
  const { port, pin } = server;
  const address = { hostname: "127.0.0.1", port };
  await using eve = await TestPeer.signIn({ address, pin }, "eve");
  const names: readonly (readonly [given: string, written: string])[] = [
    ["../../etc/passwd", "passwd"],
    ["..\\..\\boot.ini", "boot.ini"],
    ["/etc/shadow", "shadow"],
    ["a\u202egpj.exe", "agpj.exe"],
    [`z${"\u0323".repeat(120)}`, `\u1e93${"\u0323".repeat(8)}`],
    ["x\0y", "xy"],
    ["CON", "_CON"],
    [".bashrc", "bashrc"],
    ["..", "file"],
    ["esc\x1b]0;evil\x07", "esc]0;evil"],
  ];
  for (const [index, [name, written]] of names.entries()) {
    const file = fileOf(index, 1000 + index, "dm:bob:eve");
    const { bytes, hash, conversation } = file;
    assert.equal(await upload(eve, file), "0, stored");
    const body = encodeFileContent({ file: file.file, name, size: bytes.length, hash });
    const content = { kind: "file", body };
    await eve.ask({ type: "send", ulid: file.file, conversation, content });
    const came = await bob.event({ event: "file", direction: "down", size: bytes.length });
    assert.equal(came["name"], name);
    assert.equal(came["path"], join(downloads(sandbox, "bob"), written));
    assert.deepEqual(hashOf(await bytesAt(came["path"])), hash);
  }
  assert.equal((await readdir(downloads(sandbox, "bob"))).length, names.length);
  // Settings, state, and Deno's cache are there too.
  const own = new Set([".cache", "config", "downloads", "password", "state"]);
  const around = await readdir(join(sandbox.folder, "bob"));
  assert.deepEqual(around.filter((name) => !own.has(name)), []);
  for (const line of bob.lines) assert.doesNotMatch(line, /[\p{Cc}\u202e]/u);
});

Deno.test("sotto client keeps its memory use constant while files pass", {
  ignore: Deno.build.os !== "linux", // Elsewhere nothing tells it as simply.
}, async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  const bob = await sandbox.signIn("bob", server);
  const path = join(sandbox.folder, "large");
  execFileSync("truncate", ["-s", `${128 * MIB}`, path]);
  const before = await Promise.all([memoryOf(ann), memoryOf(bob)]);
  ann.writeLine(`/send bob ${path}`);
  await bob.event({ event: "offer" });
  bob.writeLine("/accept");
  const { path: written } = await bob.event({ event: "file", direction: "down" });
  assert.equal((await stat(String(written))).size, 128 * MIB);
  for (const [index, person] of [ann, bob].entries()) {
    const grown = await memoryOf(person) - (before[index] ?? 0);
    assert.ok(grown < 64 * MIB, `by ${grown} bytes`);
  }
});

Deno.test("sotto client --plain in a terminal: shows an offer, a download and its end", {
  ignore: !hasTerminal(),
}, async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  await fileIn(sandbox, "plan.pdf");
  const [ann, bob] = await Promise.all(["ann", "bob"].map(async (person) => {
    const password = await sandbox.passwordFile(person);
    const options = { cwd: sandbox.folder, env: sandbox.env(person), columns: 160, rows: 30 };
    const args = ["--plain", "--pin", server.pin, "--password-file", password];
    return new Terminal(
      [...SOTTO, "client", ...args, `${person}@127.0.0.1:${server.port}`],
      options,
    );
  }));
  assert.ok(ann && bob);
  using _ann = ann;
  using _bob = bob;
  for (const terminal of [ann, bob]) await terminal.until(/\* online: /);
  ann.enter("/send bob plan.pdf");
  await ann.until(/\* sending plan\.pdf \(293\.0 KiB\) to bob/);
  await ann.until(/\d\d:\d\d \[plan\.pdf sent to bob\]/);
  await bob.until(/ann -> you: \[file plan\.pdf, 293\.0 KiB; \/accept 1\]/);
  bob.enter("/accept");
  await bob.until(/\* receiving plan\.pdf \(293\.0 KiB\)/);
  await bob.until(/\* received plan\.pdf: \S+downloads\/plan\.pdf/);
  bob.enter("/files");
  await bob.until(/\* no files/);
});

/** Waits until a file in the folder has at least this many bytes. */
async function whenIn(folder: string, bytes: number): Promise<void> {
  const look = async () => {
    const names = await readdir(folder).catch(() => []);
    const sizes = await Promise.all(names.map((name) => sizeOf(join(folder, name))));
    return sizes.some((size) => size >= bytes) || undefined;
  };
  await poll(look, `${bytes} bytes in a file of ${folder}`, 2);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function killAndStart(sandbox: Sandbox, server: ServerProgram): Promise<ServerProgram> {
  server.program.kill("SIGKILL");
  await server.program.exit();
  return await sandbox.server({ port: server.port });
}

/** The resident memory of a program, in bytes (proc(5)). */
async function memoryOf({ pid }: Program): Promise<number> {
  const [, kibibytes] = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1024;
}
