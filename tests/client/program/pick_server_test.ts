import assert from "node:assert/strict";
import { pickServer } from "../../../client/program/pick_server.ts";
import { ProgramError } from "../../../client/program/run_program.ts";
import type { FoundServer } from "../../../protocol/discovery/catalogue.ts";
import { DiscoveryError } from "../../../protocol/discovery/interfaces.ts";
import { foundServer } from "../../helpers/found_server.ts";

const LAB = foundServer();
const HOME = foundServer({ name: "Home", addresses: ["2001:db8::7"], port: 4000, pin: undefined });

function pick(servers: readonly FoundServer[], ...answers: string[]) {
  const questions: string[] = [];
  const told: string[] = [];
  const picked = pickServer({
    asker: {
      ask(question) {
        questions.push(question);
        return Promise.resolve(answers.shift());
      },
      tell: (text) => void told.push(text),
    },
    browse: () => Promise.resolve(servers),
  });
  return { picked, questions, told };
}

async function refusal(picked: Promise<unknown>): Promise<string> {
  try {
    await picked;
  } catch (error) {
    assert.ok(error instanceof ProgramError);
    assert.equal(error.code, "no_connection");
    return error.message;
  }
  return assert.fail("picked");
}

Deno.test("pickServer lists the servers, and takes a number", async () => {
  const { picked, questions, told } = pick([HOME, LAB], "2");
  assert.deepEqual(await picked, { host: "192.0.2.7", port: 4433, announced: LAB.pin });
  assert.deepEqual(told, ["Looking for servers on the local network …"]);
  assert.deepEqual(questions, [
    "Servers on the local network:\n" +
    "  1  Home: 3 people online; rooms: general, tech\n" +
    "     [2001:db8::7]:4000\n" +
    "  2  Lab: 3 people online; rooms: general, tech\n" +
    "     192.0.2.7:4433\n" +
    "Which one (1 to 2)? ",
  ]);
});

Deno.test("pickServer picks the only one at Enter, but not the first of two", async () => {
  const one = pick([HOME], "");
  assert.deepEqual(await one.picked, { host: "2001:db8::7", port: 4000, announced: undefined });
  assert.match(one.questions[0] ?? "", /\nPress Enter to connect to it: $/);
  const two = pick([HOME, LAB], "", "0", "3");
  assert.match(await refusal(two.picked), /^No server was picked\. /);
  assert.equal(two.questions[1], "Please type a number from 1 to 2: ");
  assert.equal(two.questions.length, 3);
});

const ADVICE = "Give the address: sotto client [USER@]HOST[:PORT].";

Deno.test("pickServer picks none without an answer", async () => {
  assert.equal(await refusal(pick([HOME]).picked), `No server was picked. ${ADVICE}`);
});

Deno.test("pickServer asks nothing when it finds no server, or cannot look for any", async () => {
  const none = pick([]);
  assert.equal(await refusal(none.picked), `No server answered on the local network. ${ADVICE}`);
  assert.deepEqual(none.questions, []);
  const failing = pickServer({
    asker: { ask: () => assert.fail("asked"), tell: () => {} },
    browse: () => Promise.reject(new DiscoveryError("there is no network")),
  });
  assert.equal(await refusal(failing), `Cannot look for servers: there is no network. ${ADVICE}`);
});
