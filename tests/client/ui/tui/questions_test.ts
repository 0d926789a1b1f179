import assert from "node:assert/strict";
import type { Key } from "../../../../client/ui/tui/keys.ts";
import { Questions } from "../../../../client/ui/tui/questions.ts";

const ENTER: Key = { type: "key", name: "Enter" };

function make(): { questions: Questions; told: string[] } {
  const told: string[] = [];
  const questions = new Questions({ onChange: () => {}, tell: (text) => told.push(text) });
  return { questions, told };
}

/** Answers the question that is being put, and lets whoever asked go on. */
async function answer(questions: Questions, text: string): Promise<void> {
  questions.press({ type: "text", text });
  questions.press(ENTER);
  await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("Questions are put one after the other, and answered by what is typed", async () => {
  const { questions } = make();
  const key = questions.passphrase("open", "bob");
  const text = questions.secretText("bob");
  assert.match(questions.current?.text ?? "", /^Key of the message from bob/);
  assert.equal(questions.current?.secret, true);
  await answer(questions, "k3y");
  assert.equal(questions.current?.secret, false);
  await answer(questions, "the plan");
  assert.deepEqual([await key, await text], ["k3y", "the plan"]);
  assert.equal(questions.current, undefined);
});

Deno.test("Questions end without an answer at Escape, at their signal, and when they close", async () => {
  const { questions } = make();
  const escaped = questions.passphrase("open", "bob");
  questions.press({ type: "key", name: "Escape" });
  const withdrawal = new AbortController();
  const { signal } = withdrawal;
  const withdrawn = questions.credentials({ user: "ann", attempt: 0, signal });
  withdrawal.abort();
  const closed = questions.passphrase("seal", "bob");
  questions.close();
  const answers = await Promise.all([escaped, withdrawn, closed, questions.secretText("bob")]);
  assert.deepEqual(answers, [undefined, undefined, undefined, undefined]);
});

Deno.test("Questions ask twice for a new password, and again when the two differ", async () => {
  const { questions, told } = make();
  const { signal } = new AbortController();
  const given = questions.credentials({ user: "ann", attempt: 0, signal, intent: "register" });
  await answer(questions, "one");
  await answer(questions, "other");
  assert.deepEqual(told, ["Those two were not the same."]);
  await answer(questions, "pass word");
  await answer(questions, "pass word");
  assert.deepEqual(await given, { user: "ann", password: "pass word" });
});

Deno.test("Questions leave Ctrl-C to the interface", () => {
  const { questions } = make();
  void questions.passphrase("open", "bob");
  assert.equal(questions.press({ type: "key", name: "C-c" }), "interrupt");
  questions.close();
});
