/**
 * The line that is being typed: keys in, the next state out, as readline has taught hands. Pure.
 *
 * The cursor is always at the beginning of a grapheme cluster or at the end of the text: no key
 * leaves it elsewhere, and none takes a cluster apart.
 */
import { boundaries, graphemes } from "./graphemes.ts";
import type { Key } from "./keys.ts";

export interface Editor {
  readonly text: string;
  /** In UTF-16 units, as strings count. */
  readonly cursor: number;
  /** What was killed last, for `C-y`. */
  readonly killed: string;
  /** The last key killed: the next one adds to it. */
  readonly killing: boolean;
  /** Lines from before, the oldest first. */
  readonly history: readonly string[];
  /** Which of them is shown; its length: none, but what is being typed. */
  readonly at: number;
  /** What was being typed when somebody went into the history. */
  readonly draft: string;
}

/** What the interface has to do about a key. */
export type Action =
  | { readonly type: "none" }
  | { readonly type: "submit"; readonly text: string }
  | { readonly type: "complete"; readonly backwards: boolean }
  | { readonly type: "interrupt" }
  /** The end of input. */
  | { readonly type: "end" }
  | { readonly type: "cancel" }
  | { readonly type: "redraw" };

/** Characters of a text that is being typed; more are not taken. */
const LONGEST = 64 * 1024;
/** Lines that are remembered. */
const MOST_LINES = 500;

const NONE: Action = { type: "none" };

export const EMPTY: Editor = {
  text: "",
  cursor: 0,
  killed: "",
  killing: false,
  history: [],
  at: 0,
  draft: "",
};

/** Keys that change the line or the cursor, and nothing else. */
const EDITS: Readonly<Record<string, (editor: Editor) => Editor>> = {
  "C-a": (editor) => at(editor, 0),
  "Home": (editor) => at(editor, 0),
  "C-e": (editor) => at(editor, editor.text.length),
  "End": (editor) => at(editor, editor.text.length),
  "C-b": (editor) => at(editor, before(editor)),
  "Left": (editor) => at(editor, before(editor)),
  "C-f": (editor) => at(editor, after(editor)),
  "Right": (editor) => at(editor, after(editor)),
  "M-b": (editor) => at(editor, wordBefore(editor)),
  "M-Left": (editor) => at(editor, wordBefore(editor)),
  "C-Left": (editor) => at(editor, wordBefore(editor)),
  "M-f": (editor) => at(editor, wordAfter(editor)),
  "M-Right": (editor) => at(editor, wordAfter(editor)),
  "C-Right": (editor) => at(editor, wordAfter(editor)),
  "Backspace": (editor) => cut(editor, before(editor), editor.cursor),
  "C-h": (editor) => cut(editor, before(editor), editor.cursor),
  "Delete": (editor) => cut(editor, editor.cursor, after(editor)),
  "C-k": (editor) => kill(editor, editor.cursor, lineEnd(editor)),
  "C-u": (editor) => kill(editor, lineStart(editor), editor.cursor),
  "C-w": (editor) => kill(editor, spacedBefore(editor), editor.cursor),
  "M-Backspace": (editor) => kill(editor, wordBefore(editor), editor.cursor),
  "M-d": (editor) => kill(editor, editor.cursor, wordAfter(editor)),
  "C-y": (editor) => insert(editor, editor.killed),
  "C-t": transpose,
  "M-Enter": (editor) => insert(editor, "\n"),
  "Up": (editor) => recall(editor, editor.at - 1),
  "C-p": (editor) => recall(editor, editor.at - 1),
  "Down": (editor) => recall(editor, editor.at + 1),
  "C-n": (editor) => recall(editor, editor.at + 1),
};

/** Keys that are for the interface. `C-d` is one where there is nothing to delete. */
const ACTIONS: Readonly<Record<string, Action>> = {
  "Tab": { type: "complete", backwards: false },
  "S-Tab": { type: "complete", backwards: true },
  "C-c": { type: "interrupt" },
  "C-g": { type: "cancel" },
  "Escape": { type: "cancel" },
  "C-l": { type: "redraw" },
};

const KILLS: ReadonlySet<string> = new Set(["C-k", "C-u", "C-w", "M-d", "M-Backspace"]);

/** The editor after the key, and what else is to be done. */
export function edit(editor: Editor, key: Key): readonly [Editor, Action] {
  switch (key.type) {
    case "focus":
      return [editor, NONE];
    case "text":
    case "paste":
      return [{ ...insert(editor, key.text), killing: false }, NONE];
    case "key":
      return named(editor, key.name);
  }
}

function named(editor: Editor, name: string): readonly [Editor, Action] {
  if (name === "Enter") {
    return [{ ...remember(editor), killing: false }, { type: "submit", text: editor.text }];
  }
  if (name === "C-d") {
    if (editor.text === "") return [editor, { type: "end" }];
    return [cut(editor, editor.cursor, after(editor)), NONE];
  }
  const change = EDITS[name];
  if (change !== undefined) return [{ ...change(editor), killing: KILLS.has(name) }, NONE];
  return [{ ...editor, killing: false }, ACTIONS[name] ?? NONE];
}

/** Puts text in at the cursor. */
export function insert(editor: Editor, text: string): Editor {
  const { text: old, cursor } = editor;
  const added = text.slice(0, Math.max(0, LONGEST - old.length));
  return put(editor, old.slice(0, cursor) + added + old.slice(cursor), cursor + added.length);
}

/** Puts text in place of what is between two places. */
export function replace(editor: Editor, from: number, to: number, text: string): Editor {
  const { text: old } = editor;
  return put(editor, old.slice(0, from) + text + old.slice(to), from + text.length);
}

/** The text with a cursor no earlier than there: where text meets, clusters may join. */
function put(editor: Editor, text: string, cursor: number): Editor {
  const place = boundaries(text).find((boundary) => boundary >= cursor) ?? text.length;
  return { ...editor, text, cursor: place };
}

function at(editor: Editor, cursor: number): Editor {
  return { ...editor, cursor };
}

function cut(editor: Editor, from: number, to: number): Editor {
  return put(editor, editor.text.slice(0, from) + editor.text.slice(to), from);
}

function kill(editor: Editor, from: number, to: number): Editor {
  const gone = editor.text.slice(from, to);
  if (gone === "") return editor;
  const backwards = to === editor.cursor;
  const { killed } = editor;
  const added = backwards ? gone + killed : killed + gone;
  return { ...cut(editor, from, to), killed: editor.killing ? added : gone };
}

function before({ text, cursor }: Editor): number {
  return boundaries(text).findLast((boundary) => boundary < cursor) ?? 0;
}

function after({ text, cursor }: Editor): number {
  return boundaries(text).find((boundary) => boundary > cursor) ?? text.length;
}

/** Words as `M-b` knows them: letters, marks and digits. */
const WORD = /[\p{L}\p{M}\p{N}]/u;

function wordBefore(editor: Editor): number {
  return backwards(editor, (cluster) => WORD.test(cluster));
}

/** Words as `C-w` knows them: whatever has no space. */
function spacedBefore(editor: Editor): number {
  return backwards(editor, (cluster) => /\S/.test(cluster));
}

function backwards({ text, cursor }: Editor, isWord: (cluster: string) => boolean): number {
  const clusters = graphemes(text.slice(0, cursor));
  const back = (while_: (cluster: string) => boolean) => {
    for (let last; (last = clusters.at(-1)) !== undefined && while_(last);) clusters.pop();
  };
  back((cluster) => !isWord(cluster));
  back(isWord);
  return clusters.join("").length;
}

function wordAfter({ text, cursor }: Editor): number {
  const clusters = graphemes(text.slice(cursor));
  let at = 0;
  for (let next; (next = clusters[at]) !== undefined && !WORD.test(next);) at++;
  for (let next; (next = clusters[at]) !== undefined && WORD.test(next);) at++;
  return cursor + clusters.slice(0, at).join("").length;
}

function lineStart({ text, cursor }: Editor): number {
  return text.lastIndexOf("\n", cursor - 1) + 1;
}

function lineEnd({ text, cursor }: Editor): number {
  const end = text.indexOf("\n", cursor);
  return end < 0 ? text.length : Math.max(end, cursor === end ? end + 1 : end);
}

/** Changes the places of the clusters around the cursor; at the end, of the last two. */
function transpose(editor: Editor): Editor {
  const { text } = editor;
  const second = editor.cursor === text.length ? before(editor) : editor.cursor;
  const first = before({ ...editor, cursor: second });
  if (second === 0 || first === second) return editor;
  const end = after({ ...editor, cursor: second });
  const swapped = text.slice(second, end) + text.slice(first, second);
  return put(editor, text.slice(0, first) + swapped + text.slice(end), end);
}

/** Goes to a line of the history; past its end stands what was being typed. */
function recall(editor: Editor, at: number): Editor {
  const { history, draft } = editor;
  if (at < 0 || at > history.length || at === editor.at) return editor;
  const text = history[at] ?? draft;
  const kept = editor.at === history.length ? editor.text : draft;
  return { ...editor, at, text, cursor: text.length, draft: kept };
}

/** An empty line; what stood there is in the history, once. */
function remember(editor: Editor): Editor {
  const { text, history, killed } = editor;
  const isNew = text.trim() !== "" && text !== history.at(-1);
  const lines = isNew ? [...history, text].slice(-MOST_LINES) : history;
  return { ...EMPTY, killed, history: lines, at: lines.length };
}
