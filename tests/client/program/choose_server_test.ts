import assert from "node:assert/strict";
import { chooseServer, NoServerError } from "../../../client/program/choose_server.ts";
import type { FoundServer } from "../../../protocol/discovery/catalogue.ts";
import { DiscoveryError } from "../../../protocol/discovery/interfaces.ts";
import { foundServer } from "../../helpers/found_server.ts";

const LAB = foundServer();
const HOME = foundServer({ name: "Home", addresses: ["2001:db8::7"], port: 4000, pin: undefined });

function choose(servers: readonly FoundServer[], ...answers: string[]) {
  const questions: string[] = [];
  const chosen = chooseServer({
    input: {
      ask(question) {
        questions.push(question);
        return Promise.resolve(answers.shift());
      },
    },
    browse: () => Promise.resolve(servers),
  });
  return { chosen, questions };
}

Deno.test("chooseServer lists what was found, and takes a number", async () => {
  const { chosen, questions } = choose([HOME, LAB], "2");
  assert.deepEqual(await chosen, { host: "192.0.2.7", port: 4433, announced: LAB.pin });
  assert.deepEqual(questions, [
    "Servers on this network:\n" +
    "  1  Home: 3 people online; rooms: general, tech\n" +
    "     [2001:db8::7]:4000\n" +
    "  2  Lab: 3 people online; rooms: general, tech\n" +
    "     192.0.2.7:4433\n" +
    "Which one (1 to 2)? ",
  ]);
});

Deno.test("chooseServer takes the only one at Enter, but not the first of two", async () => {
  const one = choose([HOME], "");
  assert.deepEqual(await one.chosen, { host: "2001:db8::7", port: 4000, announced: undefined });
  assert.match(one.questions[0] ?? "", /Which one \(Enter takes it\)\? $/);
  const two = choose([HOME, LAB], "", "0", "3");
  await assert.rejects(two.chosen, NoServerError);
  assert.equal(two.questions[1], "Please type a number from 1 to 2: ");
  assert.equal(two.questions.length, 3);
});

Deno.test("chooseServer takes no answer for none", async () => {
  const { chosen } = choose([HOME]);
  await assert.rejects(chosen, /^NoServerError: No server was chosen\. Give an address: /);
});

Deno.test("chooseServer asks nothing where nothing was found, or cannot be looked for", async () => {
  const none = choose([]);
  await assert.rejects(none.chosen, /No server answered on the local network\. Give an address/);
  assert.deepEqual(none.questions, []);
  const failing = chooseServer({
    input: { ask: () => assert.fail("asked") },
    browse: () => Promise.reject(new DiscoveryError("there is no network")),
  });
  await assert.rejects(failing, /Cannot look for servers: there is no network\. Give an address/);
});
