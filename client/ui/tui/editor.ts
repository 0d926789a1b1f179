/**
 * The line that is being typed: a key in, the next state out, with the keys of readline. Pure.
 *
 * The cursor is always at the beginning of a grapheme cluster, or at the end of the text. No key
 * splits a cluster.
 */
import { assert } from "../../../protocol/assert.ts";
import { boundaries, graphemes } from "./graphemes.ts";
import type { Key } from "./keys.ts";

export interface Editor {
  readonly text: string;
  /** In UTF-16 units, as strings count. */
  readonly cursor: number;
  /** The text that was cut last, for `C-y`. */
  readonly killed: string;
  /** The last key cut text: the next cut adds to it. */
  readonly lastKilled: boolean;
  /** Earlier lines, the oldest first. */
  readonly history: readonly string[];
  /** The line of the history that is shown; its length: the draft. */
  readonly historyIndex: number;
  /** What was being typed before the history was shown. */
  readonly draft: string;
}

/** What the interface must do after a key. */
type Action =
  | { readonly type: "none" }
  | { readonly type: "submit"; readonly text: string }
  | { readonly type: "complete"; readonly backwards: boolean }
  | { readonly type: "interrupt" }
  /** The end of input. */
  | { readonly type: "end" }
  | { readonly type: "cancel" }
  | { readonly type: "redraw" };

/** The most characters of a line. */
const MOST_CHARACTERS = 64 * 1024;
/** Lines of the history. */
const HISTORY_LIMIT = 500;

const NONE: Action = { type: "none" };

export const EMPTY: Editor = {
  text: "",
  cursor: 0,
  killed: "",
  lastKilled: false,
  history: [],
  historyIndex: 0,
  draft: "",
};

/** Keys that change the line or the cursor. */
const EDIT_KEYS: Readonly<Record<string, (editor: Editor) => Editor>> = {
  "C-a": (editor) => moveTo(editor, 0),
  "Home": (editor) => moveTo(editor, 0),
  "C-e": (editor) => moveTo(editor, editor.text.length),
  "End": (editor) => moveTo(editor, editor.text.length),
  "C-b": (editor) => moveTo(editor, positionBefore(editor)),
  "Left": (editor) => moveTo(editor, positionBefore(editor)),
  "C-f": (editor) => moveTo(editor, positionAfter(editor)),
  "Right": (editor) => moveTo(editor, positionAfter(editor)),
  "M-b": (editor) => moveTo(editor, wordBefore(editor)),
  "M-Left": (editor) => moveTo(editor, wordBefore(editor)),
  "C-Left": (editor) => moveTo(editor, wordBefore(editor)),
  "M-f": (editor) => moveTo(editor, wordAfter(editor)),
  "M-Right": (editor) => moveTo(editor, wordAfter(editor)),
  "C-Right": (editor) => moveTo(editor, wordAfter(editor)),
  "Backspace": (editor) => cut(editor, positionBefore(editor), editor.cursor),
  "C-h": (editor) => cut(editor, positionBefore(editor), editor.cursor),
  "Delete": (editor) => cut(editor, editor.cursor, positionAfter(editor)),
  "C-k": (editor) => kill(editor, editor.cursor, lineEnd(editor)),
  "C-u": (editor) => kill(editor, lineStart(editor), editor.cursor),
  "C-w": (editor) => kill(editor, spaceBefore(editor), editor.cursor),
  "M-Backspace": (editor) => kill(editor, wordBefore(editor), editor.cursor),
  "M-d": (editor) => kill(editor, editor.cursor, wordAfter(editor)),
  "C-y": (editor) => insert(editor, editor.killed),
  "C-t": transpose,
  "M-Enter": (editor) => insert(editor, "\n"),
  "Up": (editor) => recall(editor, editor.historyIndex - 1),
  "C-p": (editor) => recall(editor, editor.historyIndex - 1),
  "Down": (editor) => recall(editor, editor.historyIndex + 1),
  "C-n": (editor) => recall(editor, editor.historyIndex + 1),
};

/** Keys that the interface acts on. `C-d` is another one, when the line is empty. */
const ACTION_KEYS: Readonly<Record<string, Action>> = {
  "Tab": { type: "complete", backwards: false },
  "S-Tab": { type: "complete", backwards: true },
  "C-c": { type: "interrupt" },
  "C-g": { type: "cancel" },
  "Escape": { type: "cancel" },
  "C-l": { type: "redraw" },
};

const KILL_KEYS: ReadonlySet<string> = new Set(["C-k", "C-u", "C-w", "M-d", "M-Backspace"]);

/** The editor after the key, and what else to do. */
export function edit(editor: Editor, key: Key): readonly [Editor, Action] {
  const [edited, action] = afterKey(editor, key);
  const { cursor, text } = edited;
  assert(cursor >= 0 && cursor <= text.length, "the cursor is within the text");
  return [edited, action];
}

function afterKey(editor: Editor, key: Key): readonly [Editor, Action] {
  switch (key.type) {
    case "focus":
      return [editor, NONE];
    case "text":
    case "paste":
      return [{ ...insert(editor, key.text), lastKilled: false }, NONE];
    case "key":
      return editByKey(editor, key.name);
  }
}

function editByKey(editor: Editor, name: string): readonly [Editor, Action] {
  if (name === "Enter") {
    return [{ ...afterSubmit(editor), lastKilled: false }, { type: "submit", text: editor.text }];
  }
  if (name === "C-d") {
    if (editor.text === "") return [editor, { type: "end" }];
    return [cut(editor, editor.cursor, positionAfter(editor)), NONE];
  }
  const change = EDIT_KEYS[name];
  if (change !== undefined) return [{ ...change(editor), lastKilled: KILL_KEYS.has(name) }, NONE];
  return [{ ...editor, lastKilled: false }, ACTION_KEYS[name] ?? NONE];
}

/** Inserts text at the cursor. */
function insert(editor: Editor, text: string): Editor {
  const { text: old, cursor } = editor;
  const added = text.slice(0, Math.max(0, MOST_CHARACTERS - old.length));
  return withText(editor, old.slice(0, cursor) + added + old.slice(cursor), cursor + added.length);
}

/** Replaces the text between two positions. */
export function replace(editor: Editor, from: number, to: number, text: string): Editor {
  const { text: old } = editor;
  return withText(editor, old.slice(0, from) + text + old.slice(to), from + text.length);
}

/** Another text, with the cursor at that position or after: joined text may form new clusters. */
function withText(editor: Editor, text: string, cursor: number): Editor {
  const place = boundaries(text).find((boundary) => boundary >= cursor) ?? text.length;
  return { ...editor, text, cursor: place };
}

function moveTo(editor: Editor, cursor: number): Editor {
  return { ...editor, cursor };
}

function cut(editor: Editor, from: number, to: number): Editor {
  return withText(editor, editor.text.slice(0, from) + editor.text.slice(to), from);
}

function kill(editor: Editor, from: number, to: number): Editor {
  const gone = editor.text.slice(from, to);
  if (gone === "") return editor;
  const backwards = to === editor.cursor;
  const { killed } = editor;
  const added = backwards ? gone + killed : killed + gone;
  return { ...cut(editor, from, to), killed: editor.lastKilled ? added : gone };
}

function positionBefore({ text, cursor }: Editor): number {
  return boundaries(text).findLast((boundary) => boundary < cursor) ?? 0;
}

function positionAfter({ text, cursor }: Editor): number {
  return boundaries(text).find((boundary) => boundary > cursor) ?? text.length;
}

/** A word of `M-b`: letters, marks and digits. */
const WORD = /[\p{L}\p{M}\p{N}]/u;

function wordBefore(editor: Editor): number {
  return backwards(editor, (cluster) => WORD.test(cluster));
}

/** A word of `C-w`: anything but spaces. */
function spaceBefore(editor: Editor): number {
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

/** Swaps the clusters around the cursor; at the end of the text, the last two. */
function transpose(editor: Editor): Editor {
  const { text } = editor;
  const second = editor.cursor === text.length ? positionBefore(editor) : editor.cursor;
  const first = positionBefore({ ...editor, cursor: second });
  if (second === 0 || first === second) return editor;
  const end = positionAfter({ ...editor, cursor: second });
  const swapped = text.slice(second, end) + text.slice(first, second);
  return withText(editor, text.slice(0, first) + swapped + text.slice(end), end);
}

/** Shows a line of the history; after the newest one, the draft. */
function recall(editor: Editor, at: number): Editor {
  const { history, draft } = editor;
  if (at < 0 || at > history.length || at === editor.historyIndex) return editor;
  const text = history[at] ?? draft;
  const kept = editor.historyIndex === history.length ? editor.text : draft;
  return { ...editor, historyIndex: at, text, cursor: text.length, draft: kept };
}

/** An empty line. The old one goes into the history, unless it is its last line already. */
function afterSubmit(editor: Editor): Editor {
  const { text, history, killed } = editor;
  const isNew = text.trim() !== "" && text !== history.at(-1);
  const lines = isNew ? [...history, text].slice(-HISTORY_LIMIT) : history;
  return { ...EMPTY, killed, history: lines, historyIndex: lines.length };
}
