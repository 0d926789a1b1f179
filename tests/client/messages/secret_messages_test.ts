import assert from "node:assert/strict";
import { counter } from "../../../client/messages/ids.ts";
import { SealedMessages } from "../../../client/messages/sealed_messages.ts";
import { SecretMessages } from "../../../client/messages/secret_messages.ts";
import { fixedCredentials, type Prompts } from "../../../client/session/prompts.ts";
import { RefusedError } from "../../../client/session/refused_error.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { messageOf, ulidOf } from "../../helpers/messages.ts";

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

/** The secret messages of a user who answers each question with the next of these. */
function setUp(account: string, ...answers: (string | undefined)[]) {
  const asked: string[] = [];
  const prompts: Prompts = {
    ...fixedCredentials({ user: account, password: "" }),
    passphrase: (purpose, person) => {
      asked.push(`${purpose} ${person}`);
      return Promise.resolve(answers.shift());
    },
    secretText: (to) => {
      asked.push(`text to ${to}`);
      return Promise.resolve(answers.shift());
    },
  };
  const sealed = new SealedMessages(account, counter());
  const secrets = new SecretMessages({ account, sealed, prompts, random });
  return { secrets, sealed, asked };
}

function refusedAs(code: string) {
  return (failure: unknown) => failure instanceof RefusedError && failure.code === code;
}

Deno.test("SecretMessages seals for one person, who opens it with the same key", async () => {
  const ann = setUp("ann", "k3y", "the plan");
  const ulid = ulidOf(1);
  const content = await ann.secrets.seal({ type: "secret", to: "bob" }, ulid);
  assert.deepEqual(ann.asked, ["seal bob", "text to bob"]);
  assert.equal(content.kind, "sealed");

  const bob = setUp("bob", "k3y");
  const message = messageOf(1, { ulid, content, conversation: "dm:ann:bob", from: "ann" });
  bob.sealed.keep({ type: "message", seq: 1, ...message });
  assert.deepEqual(await bob.secrets.open({ type: "open", id: "1" }), {
    event: "opened",
    id: ulid,
    from: "ann",
    text: "the plan",
  });
  assert.deepEqual(bob.asked, ["open ann"]);

  const notice = await bob.secrets.remember({
    ...{ type: "keys", change: "remember", user: "ann", passphrase: "k3y" },
  });
  assert.match(notice.text, /\bann\b/);
  assert.equal((await bob.secrets.open({ type: "open" })).text, "the plan");
  assert.equal(bob.asked.length, 1, "the key is remembered");
});

Deno.test("SecretMessages sends nothing without a key and a text", async () => {
  const cases: readonly (readonly [answers: (string | undefined)[], code: string])[] = [
    [[undefined], "no_passphrase"],
    [["", "text"], "no_passphrase"],
    [["key", undefined], "no_passphrase"],
    [["key", "  "], "no_passphrase"],
    [["key", "x".repeat(LIMITS.text + 1)], "message_too_large"],
  ];
  for (const [answers, code] of cases) {
    const { secrets } = setUp("ann", ...answers);
    const sealing = secrets.seal({ type: "secret", to: "bob" }, ulidOf(1));
    await assert.rejects(sealing, refusedAs(code), JSON.stringify(answers[1]?.slice(0, 5)));
  }
});

Deno.test("SecretMessages says what cannot be opened, and why", async () => {
  const { secrets, sealed } = setUp("bob", undefined);
  await assert.rejects(secrets.open({ type: "open" }), refusedAs("unknown_message"));
  await assert.rejects(secrets.open({ type: "open", id: "7" }), refusedAs("unknown_message"));
  const content = { kind: "sealed", body: new Uint8Array(10) };
  const message = messageOf(1, { content, conversation: "dm:ann:bob" });
  sealed.keep({ type: "message", seq: 1, ...message });
  await assert.rejects(secrets.open({ type: "open" }), refusedAs("no_passphrase"));
  await assert.rejects(
    secrets.open({ type: "open", passphrase: "key" }),
    (failure) => failure instanceof RefusedError && /damaged|unsupported/.test(failure.code),
  );
});

Deno.test("SecretMessages remembers keys up to a limit, and forgets them", async () => {
  const { secrets } = setUp("ann", undefined);
  const remember = (user: string, passphrase?: string) =>
    secrets.remember({
      ...{ type: "keys", change: "remember", user },
      ...(passphrase === undefined ? {} : { passphrase }),
    });
  await assert.rejects(remember("bob"), refusedAs("no_passphrase"));
  for (let number = 0; number < 64; number++) await remember(`user${number}`, "key");
  await assert.rejects(remember("bob", "key"), refusedAs("queue_full"));
  await remember("user0", "another key");
  const one = await secrets.remember({ type: "keys", change: "forget", user: "user0" });
  assert.doesNotMatch(one.text, /user0\b/);
  const all = await secrets.remember({ type: "keys", change: "forget" });
  assert.match(all.text, /No key/);
});
