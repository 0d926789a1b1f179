/** `sotto send` in this process: with its own streams and folders, and a real server. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runSend } from "../../../client/program/send.ts";
import { EXIT } from "../../../protocol/exit_codes.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { testProgramIo } from "../../helpers/program_io.ts";
import { startTestServer } from "../../helpers/server.ts";
import { tempFolder } from "../../helpers/temp_folder.ts";

const TO = { conversation: "room:general" };
const NOWHERE = { host: "127.0.0.1", port: 1, user: "ops", to: TO, text: [] };

Deno.test("runSend sends nothing of an empty message, or of one that is too long", async () => {
  const tooLong = (size: string) =>
    `sotto: Nothing was sent: the message has ${size} bytes, and the limit is 16384. ` +
    "Send a part of it, such as its end: … | tail -20 | sotto send …\n";
  const cases: [typed: string, error: string][] = [
    [
      "\n \n",
      "sotto: Nothing was sent: the message is empty. Give TEXT, or write it to standard input.\n",
    ],
    ["ü".repeat(LIMITS.text / 2 + 1), tooLong("16386")],
    ["x".repeat(3 * LIMITS.text), tooLong("more than 32768")],
  ];
  for (const [typed, error] of cases) {
    const io = testProgramIo({ typed });
    assert.equal(await runSend({ ...NOWHERE, io }), EXIT.usage);
    assert.equal(io.stderr.text, error);
  }
});

Deno.test("runSend needs a user where it cannot ask", async () => {
  const io = testProgramIo({ typed: "hello" });
  assert.equal(await runSend({ ...NOWHERE, user: undefined, io }), EXIT.usage);
  assert.match(io.stderr.text, /^sotto: No user is given, /);
});

Deno.test("runSend prints nothing on success, or what happened as JSON", async () => {
  await using server = await startTestServer();
  await using folder = await tempFolder();
  const passwordFile = join(folder.path, "password");
  await writeFile(passwordFile, "pass word\n");
  const { port } = server.address;
  const options = { ...NOWHERE, port, passwordFile, acceptNew: true };
  const quiet = testProgramIo({ home: folder.path, typed: "all\ngreen\n\n" });
  assert.equal(await runSend({ ...options, io: quiet }), EXIT.done);
  assert.deepEqual([quiet.stdout.text, quiet.stderr.text], ["", ""]);
  const io = testProgramIo({ home: folder.path, typed: "" });
  const people = { people: ["zoe"] };
  assert.equal(await runSend({ ...options, text: ["hi"], json: true, io }), EXIT.done);
  assert.equal(JSON.parse(io.stdout.text).event, "ack");
  const failing = testProgramIo({ home: folder.path, typed: "" });
  const nobody = { ...options, to: people, text: ["hi"], json: true, io: failing };
  assert.equal(await runSend(nobody), EXIT.failed);
  assert.equal(JSON.parse(failing.stdout.text).code, "unknown_user");
  assert.match(failing.stderr.text, /^sotto: Not sent to dm:ops:zoe: /);
});
