import assert from "node:assert/strict";
import { commandForms } from "../../../../client/commands/commands.ts";
import {
  type ActiveCompletion,
  completeNext,
  completion,
  type KnownNames,
} from "../../../../client/ui/tui/completion.ts";
import { type Editor, EMPTY } from "../../../../client/ui/tui/editor.ts";

const known: KnownNames = {
  users: ["ann", "anton", "bob"],
  rooms: ["general", "tech", "test"],
  groups: ["crew"],
  forms: commandForms(),
};

const candidates = (text: string) => completion(text, text.length, known).suggestions;

/** The text after so many presses of Tab. */
function tabbed(text: string, presses = 1, backwards = false): string {
  let editor: Editor = { ...EMPTY, text, cursor: text.length };
  let completing: ActiveCompletion | undefined;
  for (let press = 0; press < presses; press++) {
    [editor, completing] = completeNext(editor, completing, known, backwards);
  }
  return editor.text;
}

Deno.test("completion knows commands, from the table of commands", () => {
  assert.deepEqual(candidates("/jo"), ["/join"]);
  assert.deepEqual(candidates("@sta"), ["@status"]);
  assert.deepEqual(candidates("@group l"), ["leave", "list"]);
  assert.deepEqual(candidates("/keys "), ["forget", "remember"]);
  assert.deepEqual(candidates("/keys remember b"), ["bob"]);
  assert.deepEqual(candidates("/nothing"), []);
  for (const { words } of commandForms()) {
    for (const word of words) {
      assert.ok(candidates(word).some((one) => word.endsWith(one)), word);
    }
  }
});

Deno.test("completion knows what commands take", () => {
  assert.deepEqual(candidates("/join te"), ["tech", "test"]);
  assert.deepEqual(candidates("/room te"), ["tech", "test"]);
  assert.deepEqual(candidates("@group leave "), ["crew"]);
  assert.deepEqual(candidates("@group add crew b"), ["bob"]);
  assert.deepEqual(candidates("@group add crew bob,an"), ["bob,ann", "bob,anton"]);
  assert.deepEqual(candidates("@secret b"), ["bob"]);
  assert.deepEqual(candidates("/msg an"), ["ann", "anton"]);
  assert.deepEqual(candidates("@status d"), ["dnd"]);
  assert.deepEqual(candidates("/history "), [
    ...["#general", "#tech", "#test", "@ann", "@anton", "@bob", "group:crew"],
  ]);
  assert.deepEqual(candidates("/login an"), ["ann", "anton"]);
});

Deno.test("completion knows people and rooms in what is said", () => {
  assert.deepEqual(candidates("@an"), ["@ann", "@anton"]);
  assert.deepEqual(candidates("@bob,an"), ["@bob,ann", "@bob,anton"]);
  assert.deepEqual(candidates("see @b"), ["@bob"]);
  assert.deepEqual(candidates("see #te"), ["#tech", "#test"]);
  assert.deepEqual(candidates("ask An"), ["ann", "anton"]);
  assert.deepEqual(candidates("hello "), []);
  assert.deepEqual(candidates(""), []);
});

Deno.test("completeNext completes what there is no doubt about, with what follows", () => {
  assert.equal(tabbed("/jo"), "/join ");
  assert.equal(tabbed("bo"), "bob: ");
  assert.equal(tabbed("ask bo"), "ask bob ");
  assert.equal(tabbed("@bo"), "@bob ");
  assert.equal(tabbed("nobody of this name"), "nobody of this name");
});

Deno.test("completeNext goes as far as all agree, then through them", () => {
  assert.equal(tabbed("@a"), "@an");
  assert.equal(tabbed("ask a"), "ask an");
  assert.equal(tabbed("ask a", 2), "ask ann");
  assert.equal(tabbed("ask a", 3), "ask anton");
  assert.equal(tabbed("ask a", 4), "ask ann");
  assert.equal(tabbed("ask a", 2, true), "ask anton");
});

Deno.test("completeNext leaves what follows the cursor where it is", () => {
  const editor: Editor = { ...EMPTY, text: "/join te now", cursor: 6 };
  const [after] = completeNext(editor, undefined, { ...known, rooms: ["general"] }, false);
  assert.equal(after.text, "/join general te now");
});
