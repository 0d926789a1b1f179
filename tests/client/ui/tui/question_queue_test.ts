import assert from "node:assert/strict";
import type { Key } from "../../../../client/ui/tui/keys.ts";
import { QuestionQueue } from "../../../../client/ui/tui/question_queue.ts";

const ENTER: Key = { type: "key", name: "Enter" };

function make(): QuestionQueue {
  return new QuestionQueue({ onChange: () => {}, tell: () => {} });
}

function answer(questions: QuestionQueue, text: string): void {
  questions.press({ type: "text", text });
  questions.press(ENTER);
}

Deno.test("QuestionQueue puts one question after another, each with its answer", async () => {
  const questions = make();
  const key = questions.askSecret("Key: ");
  const text = questions.ask("Text: ");
  assert.deepEqual([questions.current?.text, questions.current?.secret], ["Key: ", true]);
  answer(questions, "k3y");
  assert.deepEqual([questions.current?.text, questions.current?.secret], ["Text: ", false]);
  answer(questions, "the plan");
  assert.deepEqual([await key, await text], ["k3y", "the plan"]);
  assert.equal(questions.current, undefined);
});

Deno.test("QuestionQueue gives no answer at Escape, when the signal fires, and when it closes", async () => {
  const questions = make();
  const escaped = questions.ask("1");
  questions.press({ type: "key", name: "Escape" });
  const controller = new AbortController();
  const aborted = questions.ask("2", controller.signal);
  const behind = questions.ask("3", controller.signal);
  controller.abort();
  const closed = questions.ask("4");
  questions.close();
  const late = questions.ask("5");
  const answers = await Promise.all([escaped, aborted, behind, closed, late]);
  assert.deepEqual(answers, Array.from({ length: 5 }, () => undefined));
});

Deno.test("QuestionQueue leaves Ctrl-C to the interface", () => {
  const questions = make();
  void questions.ask("Text: ");
  assert.equal(questions.press({ type: "key", name: "C-c" }), "interrupt");
  assert.equal(questions.current?.text, "Text: ");
  questions.close();
});

Deno.test("QuestionQueue takes keys for a question only", () => {
  assert.throws(() => make().press(ENTER), /Broken invariant: a key is pressed for a question/);
});
