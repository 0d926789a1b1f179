/** `sotto client` in this process: with its own streams and folders, and a real server. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ClientOptions, runClient } from "../../client/main.ts";
import { EXIT } from "../../protocol/exit_codes.ts";
import { foundServer } from "../helpers/found_server.ts";
import { testProgramIo } from "../helpers/program_io.ts";
import { startTestServer } from "../helpers/server.ts";
import { tempFolder } from "../helpers/temp_folder.ts";

Deno.test("runClient needs a server and a user where it cannot ask", async () => {
  const cases: [options: ClientOptions, error: string][] = [
    [{}, "No server is given"],
    [{ host: "127.0.0.1", port: 1 }, "No user is given"],
  ];
  for (const [options, error] of cases) {
    const io = testProgramIo({ typed: "ann\n" });
    assert.equal(await runClient({ ...options, io }), EXIT.usage);
    assert.equal(
      io.stderr.text,
      `sotto: ${error}, and without a terminal Sotto cannot ask for one. Give USER@HOST.\n`,
    );
  }
});

Deno.test("runClient lets the user pick a server, and ends when there is none", async () => {
  const io = testProgramIo({ isTerminal: true });
  const browse = () => Promise.resolve([]);
  assert.equal(await runClient({ user: "ann", io, browse }), EXIT.no_connection);
  assert.deepEqual(io.stderr.lines, [
    "Looking for servers on the local network …",
    "sotto: No server answered on the local network. " +
    "Give the address: sotto client [USER@]HOST[:PORT].",
  ]);
  const typing = testProgramIo({ isTerminal: true, typed: "no\n\n9\n" });
  const two = () => Promise.resolve([foundServer(), foundServer()]);
  assert.equal(await runClient({ user: "ann", io: typing, browse: two }), EXIT.no_connection);
  assert.match(typing.stderr.text, /sotto: No server was picked\. /);
});

for (const format of ["plain", "json"] as const) {
  Deno.test(`runClient carries out its input line by line, and writes events as ${format}`, async () => {
    await using server = await startTestServer();
    await using folder = await tempFolder();
    const passwordFile = join(folder.path, "password");
    await writeFile(passwordFile, "pass word\n");
    const io = testProgramIo({ home: folder.path, typed: "hello\n/nonsense\n@status\n" });
    const { port } = server.address;
    const options = { host: "127.0.0.1", port, user: "ann", passwordFile, acceptNew: true };
    assert.equal(await runClient({ ...options, ui: format, io }), EXIT.done);
    assert.equal(io.stderr.text, "");
    if (format === "plain") {
      const texts = io.stdout.lines.map((line) => line.replace(/^\d\d:\d\d /, ""));
      // The answer of the server may come before or after the error.
      assert.deepEqual(texts.filter((text) => /^(ann:|!)/.test(text)).toSorted(), [
        "! Unknown command: /nonsense. " +
        "Type /help for the list of commands, or /say TEXT to send it as text.",
        "ann: hello",
      ]);
    } else {
      const events = io.stdout.lines.map((line) => JSON.parse(line).event);
      for (const event of ["connected", "authenticated", "sending", "ack", "error", "status"]) {
        assert.ok(events.includes(event), event);
      }
      assert.equal(events.at(-1), "closed");
    }
    const hosts = await readFile(join(folder.path, ".config", "sotto", "known_hosts"), "utf8");
    assert.ok(hosts.includes(`127.0.0.1:${port} ${server.pin}\n`), hosts);
  });
}

Deno.test("runClient refuses an invite line that contradicts a remembered pin, and connects to nothing", async () => {
  await using folder = await tempFolder();
  const hosts = join(folder.path, ".config", "sotto", "known_hosts");
  await mkdir(join(hosts, ".."), { recursive: true });
  const [known, given] = [`SHA256:${"A".repeat(43)}`, `SHA256:${"B".repeat(42)}A`];
  await writeFile(hosts, `localhost:1 ${known}\n`, { mode: 0o600 });
  const io = testProgramIo({ home: folder.path, typed: "" });
  const options = { host: "localhost", port: 1, user: "ann", ui: "plain", pin: given } as const;
  assert.equal(await runClient({ ...options, io }), EXIT.key_changed);
  for (const part of [known, given, `${hosts}, line 1`, "Nothing was sent", "delete line 1"]) {
    assert.ok(io.stderr.text.includes(part), `${part} is not in ${io.stderr.text}`);
  }
  assert.equal(await readFile(hosts, "utf8"), `localhost:1 ${known}\n`);
});

Deno.test("runClient says what is wrong with known_hosts, and connects to nothing", async () => {
  await using folder = await tempFolder();
  const hosts = join(folder.path, ".config", "sotto", "known_hosts");
  await mkdir(join(hosts, ".."), { recursive: true });
  await writeFile(hosts, "localhost:1 nonsense\n", { mode: 0o600 });
  const io = testProgramIo({ home: folder.path, typed: "" });
  const options = { host: "localhost", port: 1, user: "ann", ui: "plain", io } as const;
  assert.equal(await runClient(options), EXIT.failed);
  assert.match(io.stderr.text, /^sotto: Cannot read line 1 of .*known_hosts: .*\n$/);
});
